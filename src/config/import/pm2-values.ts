import { none, type Outcome, wrong } from './outcome.ts';
import { splitWords } from './words.ts';

/** PM2's kinds of value (lib/tools/Config.js): numbers may be text. */
export function withNumber(value: unknown, then: (number: number) => Outcome): Outcome {
  const number =
    typeof value === 'number' || (typeof value === 'string' && value.trim() !== '') ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? then(number) : wrong(`${shown(value)} is no number`);
}

export function withBoolean(value: unknown, then: (yes: boolean) => Outcome): Outcome {
  if (value === true || value === 'true') return then(true);
  if (value === false || value === 'false') return then(false);
  return wrong(`${shown(value)} is neither true nor false`);
}

/** `unlessFalse`: what happens when it is on; off is what portherd does. */
export function unlessFalse(value: unknown, outcome: Outcome): Outcome {
  return value === false || value === 'false' || value === null ? { fate: 'mapped', set: {} } : outcome;
}

export function withText(value: unknown, then: (text: string) => Outcome): Outcome {
  return typeof value === 'string' && value !== '' ? then(value) : wrong(`${shown(value)} is no text`);
}

/** Milliseconds, or `30s`, `5m`, `1h`. */
export function withTime(value: unknown, then: (ms: number) => Outcome): Outcome {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(h|m|s)?$/.exec(String(value).trim()) ?? [];
  const factor = { '': 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit] ?? 1;
  return digits === undefined
    ? wrong(`${shown(value)} is no time: milliseconds, or 30s, 5m, 1h`)
    : then(Number(digits) * factor);
}

/** A list, or one text split at spaces outside quotes. Undefined: neither. */
export function wordsIn(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map(textOf);
  return typeof value === 'string' ? splitWords(value) : undefined;
}

/** As PM2 puts a value into the environment: objects as JSON. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return isRecord(value) ? 'a map' : (JSON.stringify(value) ?? 'nothing');
}

/** Something of PM2's own, that nothing else needs. */
export const ofPm2 = none('it is PM2’s own; nothing takes its place');
