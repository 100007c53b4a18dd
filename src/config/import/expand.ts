import { escapePercent } from '../../shared/percent-text.ts';
import { err, ok, type Result } from '../../shared/result.ts';

/** Python's `%` with names, as supervisord expands its values: `%(here)s`, `%(process_num)02d`, `%%`. */
export interface Expanded {
  readonly text: string;
  /** Names of environment variables in it, without ENV_. */
  readonly variables: readonly string[];
}

/**
 * `names` without ENV_…; those come from `variable`, and stay as they are where it is undefined. With `forPortherd` what portherd
 * expands, too, stays: ENV_…, host_node_name, `%%`, and what is null, known to a worker only. The error is a text.
 */
export function expand(
  value: string,
  names: Readonly<Record<string, string | number | null>>,
  variable: (name: string) => string | undefined,
  forPortherd = false,
): Result<Expanded, string> {
  const variables: string[] = [];
  let wrong: string | undefined;
  const literal = (text: string): string => (forPortherd ? escapePercent(text) : text);
  const text = value.replaceAll(form, (all, ...groups: unknown[]) => {
    const [name, flags = '', width, letter = ''] = groups.map((one) => (typeof one === 'string' ? one : ''));
    if (all === '%%') return literal('%');
    if (all === '%') wrong ??= 'a single % means nothing to supervisord either; write %%';
    if (name === undefined || name === '') return all;
    if (name.startsWith('ENV_')) {
      const short = name.slice('ENV_'.length);
      variables.push(short);
      return forPortherd ? all : (variable(short) ?? all);
    }
    const known = Object.hasOwn(names, name) ? names[name] : undefined;
    if (known === undefined) {
      wrong ??= `%(${name})${letter} is unknown here; known are ${Object.keys(names).join(', ')} and ENV_…`;
      return all;
    }
    if (letter !== 's' && letter !== 'd' && letter !== 'i')
      wrong ??= `%(${name})${letter} is no text (s) and no number (d)`;
    if (known === null || (forPortherd && name === 'host_node_name')) return all;
    return literal(padded(String(known), flags, Number(width), flags.includes('0') && letter !== 's' ? '0' : ' '));
  });
  return wrong === undefined ? ok({ text, variables }) : err(wrong);
}

/** Each part has a limit: a line may have a million characters. */
const form = /%(?:%|\(([^()%]{0,128})\)([#0 +-]{0,5})(\d{0,3})(?:\.\d{1,3})?([a-zA-Z])|)/g;

/** A text that portherd shall take as it is, in an option that it expands. */
export function literalText(text: string): string {
  return text.replaceAll(/%(?=[%(])/g, '%%');
}

/** Environment variables that a YAML names; portherd wants each to be set when it reads it. */
export function variablesIn(yaml: string): readonly string[] {
  return [...new Set([...yaml.matchAll(/%\(ENV_([^()]{1,128})\)/g)].map(([, name = '']) => name))];
}

/** Whether a value would differ from process to process. */
export function usesProcessNumber(value: string | undefined): boolean {
  return value?.includes('%(process_num)') === true;
}

/** Whether it does so in a form that portherd does not know. */
export function usesOddNumber(value: string | undefined): boolean {
  return value !== undefined && /%\(process_num\)(?!\d*[sd])/.test(value);
}

function padded(text: string, flags: string, width: number, fill: string): string {
  return flags.includes('-') ? text.padEnd(width) : text.padStart(width, fill);
}
