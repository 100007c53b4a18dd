import { formatSize } from '../../shared/size.ts';
import { numberWithin } from './clamp.ts';
import { differs, mapped, none, type Outcome, wrong } from './outcome.ts';
import { type ProgramRule, type ProgramView, withBoolean, withInteger } from './supervisord-rule.ts';
import { booleanOf, logOf, noPath, pathOf, sizeOf } from './supervisord-values.ts';

/** The options of a program's output. */
export const logRules: Readonly<Record<string, ProgramRule>> = {
  redirect_stderr: {
    read: (text) => unlessFalse(text, mapped({ 'logs.stderr': 'stdout' })),
  },
  ...rulesOf('stdout'),
  ...rulesOf('stderr'),
};

function rulesOf(stream: 'stdout' | 'stderr'): Record<string, ProgramRule> {
  return {
    [`${stream}_logfile`]: { read: (text, view) => logfile(stream, text, view) },
    [`${stream}_logfile_maxbytes`]: {
      read: (text, view) => {
        const size = sizeOf(text);
        return size.ok ? ofBoth(stream, 'maxbytes', maxSizeOf(size.value), view) : wrong(size.error);
      },
    },
    [`${stream}_logfile_backups`]: {
      read: (text, view) =>
        withInteger(text, (count) => ofBoth(stream, 'backups', numberWithin('logs.keep', count, 0, 1_000), view)),
    },
    [`${stream}_capture_maxbytes`]: {
      read: (text, view) => {
        const size = sizeOf(text);
        if (!size.ok) return wrong(size.error);
        if (size.value === 0) return mapped();
        return unlessNoFile(stream, view, captured(size.value));
      },
    },
    [`${stream}_events_enabled`]: {
      read: (text, view) => unlessFalse(text, unlessNoFile(stream, view, mapped({ 'logs.events': toldStreams(view) }))),
    },
    [`${stream}_syslog`]: {
      read: (text) =>
        unlessFalse(
          text,
          none('a log goes to one place', `logs: { ${stream}: inherit } under systemd, whose journal passes it on`),
        ),
    },
  };
}

/** portherd has one size and one number of backups for both streams: standard output's, where both are written. */
function ofBoth(stream: 'stdout' | 'stderr', option: string, outcome: Outcome, view: ProgramView): Outcome {
  const isFile = (one: string): boolean =>
    !['none', 'inherit', 'syslog'].some((word) => word === logOf(view.text(`${one}_logfile`) ?? 'auto'));
  if (!isFile(stream)) return mapped();
  const other = view.text(`stdout_logfile_${option}`);
  if (stream === 'stdout' || other === undefined || !isFile('stdout')) return outcome;
  if (other.trim().toLowerCase() === view.text(`stderr_logfile_${option}`)?.trim().toLowerCase()) return mapped();
  return differs({}, 'that of standard output is for both');
}

/** logs-schema.ts. */
const sizeMin = 64 * 1024;
const sizeMax = 1024 ** 4;

function maxSizeOf(bytes: number): Outcome {
  if (bytes === 0) return mapped({ 'logs.maxSize': 'never' });
  const kept = Math.min(sizeMax, Math.max(sizeMin, bytes));
  const set = { 'logs.maxSize': formatSize(kept) };
  return kept === bytes ? mapped(set) : differs(set, 'logs.maxSize is from 64KB to 1TB');
}

function logfile(stream: string, text: string, view: ProgramView): Outcome {
  const redirected = stream === 'stderr' && booleanOf(view.text('redirect_stderr') ?? 'false');
  if (redirected !== false && redirected.ok && redirected.value) return mapped();
  const target = targetOf(text, view);
  const set = { [`logs.${stream}`]: target };
  if (target === 'auto' && logOf(text) !== 'auto') return noPath;
  if (text.trim().toLowerCase() === 'syslog')
    return differs(set, 'it goes where the daemon’s own goes: under systemd to the journal');
  const shared = view.workers > 1 && target.includes('/') && !target.includes('%(');
  return shared ? differs(set, 'all workers append to this one file') : mapped(set);
}

function targetOf(text: string, { home }: ProgramView): string {
  const log = logOf(text);
  if (typeof log === 'object') return pathOf(log.path, home) ?? 'auto';
  return log === 'syslog' ? 'inherit' : log;
}

/** The tags and what is between them stay in the log, as the worker writes it by itself. */
function captured(bytes: number): Outcome {
  const kept = Math.min(captureMax, bytes);
  const text = 'the tags and what is between them stay in the log too, and both streams are captured';
  return differs({ 'logs.capture': formatSize(kept) }, kept === bytes ? text : `${text}; logs.capture is at most 16MB`);
}

const captureMax = 16 * 1024 ** 2;

function toldStreams(view: ProgramView): readonly string[] {
  return ['stdout', 'stderr'].filter((stream) => {
    const yes = booleanOf(view.text(`${stream}_events_enabled`) ?? 'false');
    return yes.ok && yes.value && hasFile(stream, view);
  });
}

/** What is written is told from the log: without one there is nothing to read. */
function unlessNoFile(stream: string, view: ProgramView, outcome: Outcome): Outcome {
  return hasFile(stream, view)
    ? outcome
    : none('events are made of what is in the log file, and there is none', 'a log file');
}

function hasFile(stream: string, view: ProgramView): boolean {
  const redirected = booleanOf(view.text('redirect_stderr') ?? 'false');
  if (stream === 'stderr' && redirected.ok && redirected.value) return false;
  const log = logOf(view.text(`${stream}_logfile`) ?? 'auto');
  return !['none', 'inherit', 'syslog'].some((word) => word === log);
}

function unlessFalse(text: string, outcome: Outcome): Outcome {
  return withBoolean(text, (yes) => (yes ? outcome : mapped()));
}
