import { err, ok, type Result } from './result.ts';

/** Largest unit first: a duration is written in this order, each unit once. */
const units = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/**
 * Durations as people write them (`10s`, `1m30s`, `500ms`, `1.5s`) in milliseconds. A bare number is an error, because half of the
 * programs out there mean seconds by it and half milliseconds. Knows no bounds.
 *
 * The error is a text for the operator, without the place.
 */
export function parseDuration(written: string | number): Result<number, string> {
  const text = String(written).trim();
  if (/^-?[\d.]+$/.test(text))
    return err(`${text} has no unit; write ${text}s for seconds or ${text}ms for milliseconds`);
  const parts = /^(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?$/.exec(text);
  if (parts === null || text === '') {
    return err(`${JSON.stringify(text)} is not a duration; write it like 10s, 1m30s, 500ms or 2h`);
  }
  const ms = units.reduce((sum, [, factor], at) => sum + Number(parts[at + 1] ?? 0) * factor, 0);
  return ok(Math.round(ms));
}

/** The shortest way to write it: 90000 is `1m30s`. `ms` is a whole number ≥ 0. */
export function formatDuration(ms: number): string {
  let rest = ms;
  let text = '';
  for (const [unit, factor] of units) {
    const count = Math.floor(rest / factor);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * factor;
  }
  return text === '' ? '0s' : text;
}
