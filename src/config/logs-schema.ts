import { durationOr, listOf, oneOf, path, sizeOr, wholeNumber } from './kinds.ts';
import { defaultedSection, option } from './option.ts';

/** Where a program's output goes, and what becomes of old output. */

const megabyte = 1024 * 1024;
const hour = 3_600_000;

/** Instead of a path. */
export const logWords: readonly string[] = ['auto', 'none', 'inherit'];
/** The same for stderr. */
export const errorLogWords: readonly string[] = [...logWords, 'stdout'];

const logTarget = path('auto (a file per worker in logDir), none, inherit (the daemon’s own), or a path');

const errorTarget = path(
  'auto (a file per worker in logDir), stdout (with standard output), none, inherit (the daemon’s own), or a path',
);

export const logs = defaultedSection('Where the workers’ output goes. They write there themselves; portherd rotates.', {
  stdout: option(logTarget, {
    doc: 'Standard output. In a path, %(program_name)s and %(process_num)d stand for the program and the slot.',
    change: 'roll',
    default: 'auto',
  }),
  stderr: option(errorTarget, {
    doc: 'Standard error, likewise; stdout joins it to standard output (supervisord’s redirect_stderr).',
    change: 'roll',
    default: 'auto',
  }),
  // A second look costs a stat of each file; below 64 KB a busy worker would be rotated at every one.
  maxSize: option(sizeOr('never', 64 * 1024, 1024 * 1024 * megabyte), {
    doc: 'A file that has reached this is rotated, to backups .1, .2 …; looked at each second. never: not by portherd.',
    change: 'live',
    default: '50MB',
  }),
  keep: option(wholeNumber(0, 1_000), {
    doc: 'Backups of each file. With 0, what is rotated is thrown away.',
    change: 'live',
    default: 10,
  }),
  compress: option(oneOf(true, false), {
    doc: 'Backups from .2 on become .2.gz, .3.gz …, at a quarter of one core at most.',
    change: 'live',
    default: true,
  }),
  events: option(listOf(oneOf('stdout', 'stderr'), 0, 2), {
    doc: 'What is written to these is told to event listeners too (PROCESS_LOG_STDOUT …), read from the log files.',
    change: 'live',
    default: [],
  }),
  capture: option(sizeOr('never', 1, 16 * megabyte), {
    doc: 'What stands between supervisord’s tags is told as PROCESS_COMMUNICATION, the last so many characters of it.',
    change: 'live',
    default: 'never',
  }),
  maxAge: option(durationOr('never', hour, 10 * 366 * 24 * hour), {
    doc: 'Backups whose last line is older than this are removed.',
    change: 'live',
    default: 'never',
  }),
});
