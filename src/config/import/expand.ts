import { err, ok, type Result } from '../../shared/result.ts';

/** Python's `%` with names, as supervisord expands its values: `%(here)s`, `%(process_num)02d`, `%%`. */
export interface Expanded {
  readonly text: string;
  /** Names of environment variables in it, without ENV_. */
  readonly variables: readonly string[];
}

/**
 * `names` without ENV_…; those come from `variable`, and stay as they are where it is undefined. What is null is known only later and
 * stays, too. The error is a text.
 */
export function expand(
  value: string,
  names: Readonly<Record<string, string | number | null>>,
  variable: (name: string) => string | undefined,
): Result<Expanded, string> {
  const variables: string[] = [];
  let wrong: string | undefined;
  const text = value.replaceAll(
    /%(?:%|\(([^()%]{0,128})\)([#0 +-]{0,5})(\d{0,3})(?:\.\d{1,3})?([a-zA-Z])|)/g,
    (all, ...groups: unknown[]) => {
      const [name, flags, width, letter] = groups.map((one) => (typeof one === 'string' ? one : ''));
      if (all === '%%') return '%';
      if (all === '%') wrong ??= 'a single % means nothing to supervisord either; write %%';
      if (name === undefined || name === '') return all;
      if (name.startsWith('ENV_')) {
        const short = name.slice('ENV_'.length);
        variables.push(short);
        return variable(short) ?? all;
      }
      const known = Object.hasOwn(names, name) ? names[name] : undefined;
      if (known === undefined) {
        wrong ??= `%(${name})${letter} is unknown here; known are ${Object.keys(names).join(', ')} and ENV_…`;
        return all;
      }
      if (known === null) return letter === 's' ? `%(${name})d` : all;
      if (letter === 's') return padded(String(known), flags ?? '', Number(width), ' ');
      if (letter !== 'd' && letter !== 'i') wrong ??= `%(${name})${letter} is no text (s) and no number (d)`;
      return padded(String(known), flags ?? '', Number(width), flags?.includes('0') === true ? '0' : ' ');
    },
  );
  return wrong === undefined ? ok({ text, variables }) : err(wrong);
}

/** Whether a value would differ from process to process. */
export function usesProcessNumber(value: string | undefined): boolean {
  return value?.includes('%(process_num)') === true;
}

function padded(text: string, flags: string, width: number, fill: string): string {
  return flags.includes('-') ? text.padEnd(width) : text.padStart(width, fill);
}
