import { literalText } from './expand.ts';
import { differs, mapped, none, type Outcome } from './outcome.ts';
import type { AppRule, AppView } from './pm2-app.ts';
import { pathIn } from './pm2-paths.ts';
import { unlessFalse, withText } from './pm2-values.ts';

/** Where the output goes. */
export const logRules: Readonly<Record<string, AppRule>> = {
  log_file: { aliases: ['log'], read: both },
  out_file: { aliases: ['out', 'output', 'out_log'], read: (value, view) => one('stdout', value, view) },
  error_file: { aliases: ['error', 'err', 'err_file', 'err_log'], read: (value, view) => one('stderr', value, view) },
  disable_logs: { read: (value) => unlessFalse(value, mapped({ 'logs.stdout': 'none', 'logs.stderr': 'none' })) },
  merge_logs: {
    aliases: ['combine_logs'],
    read: (value, view) =>
      value === true && view.workers !== 1 && view.get('out_file') === undefined
        ? differs({}, 'without out_file each worker has a file of its own')
        : mapped(),
  },
  log_type: { read: () => unchanged },
  log_date_format: { read: () => unchanged },
  time: { read: (value) => unlessFalse(value, unchanged) },
};

const unchanged = none('workers write their logs themselves, unchanged', 'the app’s logger');

function one(stream: 'stdout' | 'stderr', value: unknown, view: AppView): Outcome {
  return withText(value, (text) => {
    const key = `logs.${stream}`;
    if (text === '/dev/null' || text === 'NULL') return mapped({ [key]: 'none' });
    if (text === '/dev/stdout' || text === '/dev/stderr') return mapped({ [key]: 'inherit' });
    const path = literalText(pathIn(view, text));
    if (view.workers === 1 || view.get('merge_logs') === true) return mapped({ [key]: path });
    return differs(
      { [key]: path.replace(/(\.\w+)?$/, '-%(process_num)d$1') },
      'the number in its name is the slot’s, not PM2’s id',
    );
  });
}

function both(value: unknown, view: AppView): Outcome {
  if (value === false || value === '/dev/null') return mapped();
  const apart = ['out_file', 'error_file'].filter((option) => view.get(option) !== undefined);
  if (value === true || apart.length > 0) return none('there is no file beside those of standard output and error');
  return withText(value, (text) => {
    const path = literalText(pathIn(view, text));
    return differs(
      { 'logs.stdout': path, 'logs.stderr': 'stdout' },
      'both go there alone; PM2 also keeps one file each',
    );
  });
}
