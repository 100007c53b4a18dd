import type { HookConfig } from '../config/hook-config.ts';
import type { Delivery } from '../core/hook-queue.ts';
import { hookTextCharsMax } from '../shared/limits.ts';
import type { HookMessage } from './ports-hooks.ts';

/** Something that happened, as a hook tells it. */
export interface HookRecord {
  readonly event: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly program?: string;
  readonly [field: string]: unknown;
}

/** Who tells it. */
export interface HookSender {
  readonly host: string;
  readonly pid: number;
  readonly version: string;
}

/** A record of what core or the daemon's log says; texts that came from a worker have no end of their own. */
export function hookRecord(event: string, at: number, fields: Readonly<Record<string, unknown>>): HookRecord {
  const entries = Object.entries(fields).map(([name, value]) => [name, brief(value)] as const);
  return { ...Object.fromEntries(entries), event, time: new Date(at).toISOString() };
}

/** The JSON object of this delivery, and its scalars as variables. `id` is the same for each attempt. */
export function hookMessage(
  hook: HookConfig,
  { id, event: record, attempt }: Delivery<HookRecord>,
  { host, ...portherd }: HookSender,
  hurried: boolean,
): HookMessage {
  const { event, time, ...fields } = record;
  const all = { event, time, text: hookText(record, host), host, hook: hook.name, id, attempt, ...fields };
  const body = JSON.stringify({ ...all, portherd });
  const variables = variableNames.flatMap((name) => {
    const value: unknown = Reflect.get(all, name);
    const plain = typeof value === 'string' || typeof value === 'number';
    return plain ? [[`PORTHERD_${name.toUpperCase()}`, String(value).replaceAll('\0', '')] as const] : [];
  });
  return { hook, body, variables: Object.fromEntries(variables), hurried };
}

const variableNames = [
  'event',
  'hook',
  'id',
  'attempt',
  'time',
  'host',
  'text',
  'program',
  'slot',
  'worker',
  'pid',
  'generation',
  'why',
  'how',
];

/** A line for people: `web:0 on north: fatal: exit status 1`. */
function hookText({ event, program, slot, why, how, error }: HookRecord, host: string): string {
  const what = program === undefined ? 'portherd' : typeof slot === 'number' ? `${program}:${slot}` : program;
  const reason = [why, how, error].filter((one) => typeof one === 'string').find((one) => one !== '');
  return `${what} on ${host}: ${event}${reason === undefined ? '' : `: ${reason}`}`;
}

function brief(value: unknown): unknown {
  if (typeof value === 'string') return cut(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined) return value;
  // An error of ours says more by its message than by its fields.
  const message: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'message') : undefined;
  return typeof message === 'string' ? cut(message) : cut(JSON.stringify(value) ?? '');
}

function cut(text: string): string {
  return text.length > hookTextCharsMax ? `${text.slice(0, hookTextCharsMax - 1)}…` : text;
}
