import { eventsMeant, type HookEvent } from './hook-events.ts';
import type { hookSchema } from './hook-schema.ts';
import type { Parsed } from './option.ts';

export type WrittenHook = Parsed<typeof hookSchema>;

/** A hook as the rest of portherd works with it. It has a command or a url, never both (hook-checks.ts). */
export interface HookConfig {
  readonly name: string;
  readonly events: readonly HookEvent[];
  /** None means all. */
  readonly programs: readonly string[];
  readonly command?: readonly string[];
  /** Where the command runs: the config's directory. */
  readonly directory: string;
  /** May hold secrets anywhere: shown as `hookTarget` shows it. */
  readonly url?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** ms */
  readonly timeout: number;
  readonly retries: number;
  /** ms */
  readonly backoff: { readonly initial: number; readonly max: number };
  readonly queue: number;
}

export function resolveHook(name: string, written: WrittenHook, directory: string): HookConfig {
  const { events, command, url, ...rest } = written;
  const target = { ...(command !== undefined && { command }), ...(url !== undefined && { url }) };
  return { ...rest, ...target, name, events: eventsMeant(events), directory };
}

/** For people: the first word of the command, or the URL’s origin. Arguments may be secrets; a webhook’s path is one. */
export function hookTarget({ command, url }: HookConfig): string {
  if (command !== undefined) return `${command[0]?.slice(-targetCharsMax)}${command.length > 1 ? ' …' : ''}`;
  return url !== undefined && URL.canParse(url) ? `${new URL(url).origin}/…` : 'a URL';
}

const targetCharsMax = 60;
