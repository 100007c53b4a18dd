import type { Output } from './event-output.ts';
import type { Happening } from './event-pool.ts';
import type { StateChange } from './state-changes.ts';

/** What listeners are told, in supervisord's words (its events.py): groups are programs, processes are the numbers of their slots. */
export type News = Omit<Happening, 'serial'>;

export function stateNews(program: string, slot: number, change: StateChange): News {
  const { to, from } = change;
  const extra =
    'tries' in change
      ? ` tries:${change.tries}`
      : 'expected' in change
        ? ` expected:${change.expected ? 1 : 0} pid:${change.pid}`
        : 'pid' in change
          ? ` pid:${change.pid}`
          : '';
  const payload = `processname:${slot} groupname:${program} from_state:${from}${extra}`;
  return { name: `PROCESS_STATE_${to}`, payload };
}

/** supervisord ends this one with a newline, and no other. */
export function groupNews(what: 'ADDED' | 'REMOVED', program: string): News {
  return { name: `PROCESS_GROUP_${what}`, payload: `groupname:${program}\n` };
}

export function daemonNews(what: 'RUNNING' | 'STOPPING'): News {
  return { name: `SUPERVISOR_STATE_CHANGE_${what}`, payload: '' };
}

export function remoteNews(type: string, data: string): News {
  return { name: 'REMOTE_COMMUNICATION', payload: `type:${type}\n${data}` };
}

export function outputNews(
  program: string,
  slot: number,
  { pid, stream, output }: { readonly pid: number; readonly stream: 'stdout' | 'stderr'; readonly output: Output },
): News {
  const who = `processname:${slot} groupname:${program} pid:${pid}`;
  const channel = stream === 'stdout' ? 'STDOUT' : 'STDERR';
  return output.is === 'written'
    ? { name: `PROCESS_LOG_${channel}`, payload: `${who} channel:${stream}\n${output.text}` }
    : { name: `PROCESS_COMMUNICATION_${channel}`, payload: `${who}\n${output.text}` };
}

const periods = [5, 60, 3_600] as const;

/** Those whose slice of time is another than it was: one each, also after a sleep or a step of the clock. Unix seconds. */
export function tickNews(before: number, now: number): readonly News[] {
  return periods
    .filter((period) => slice(period, before) !== slice(period, now))
    .map((period) => ({ name: `TICK_${period}`, payload: `when:${slice(period, now)}` }));
}

function slice(period: number, when: number): number {
  return Math.floor(when / period) * period;
}
