import { formatDuration } from '../../shared/duration.ts';
import { type Outcome, differs, mapped } from './outcome.ts';

/** A duration for `path`, within what portherd takes there; milliseconds. */
export function durationWithin(path: string, ms: number, min: number, max: number, how?: string): Outcome {
  const kept = Math.min(max, Math.max(min, Math.round(ms)));
  const set = { [path]: formatDuration(kept) };
  const cut = kept === Math.round(ms) ? undefined : `${path} is from ${formatDuration(min)} to ${formatDuration(max)}`;
  const text = [how, cut].filter((one) => one !== undefined).join('; ');
  return text === '' ? mapped(set) : differs(set, text);
}

/** The same for a whole number. */
export function numberWithin(path: string, number: number, min: number, max: number, how?: string): Outcome {
  const kept = Math.min(max, Math.max(min, number));
  const cut = kept === number ? undefined : `${path} is from ${min} to ${max}`;
  const text = [how, cut].filter((one) => one !== undefined).join('; ');
  return text === '' ? mapped({ [path]: kept }) : differs({ [path]: kept }, text);
}
