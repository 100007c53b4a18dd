import type { ProcessRef, SignalScope } from '../supervisor/ports.ts';
import { holdsSocket } from './holders.ts';
import { groupMembers, isAlive, statOf } from './procfs.ts';

/**
 * kill(2) for a process that is known by pid and start time. False when it is gone, also when it is a zombie, or the
 * pid is another's by now.
 *
 * A group may outlive its leader: what a dead worker started. Its number is not given to a new process while a member
 * lives (POSIX, fork()), so the members that remain are the worker's, unless the pid was given away in between.
 */
export function signalProcess(target: ProcessRef, signal: NodeJS.Signals, scope: SignalScope): boolean {
  if (typeof scope === 'object') return signalHolders(target, signal, scope.holding);
  if (isAlive(target)) return kill(scope === 'group' ? -target.pid : target.pid, signal);
  return scope === 'group' && isLeftover(target) && kill(-target.pid, signal);
}

/** The leader last: its death sets its children going. */
function signalHolders(target: ProcessRef, signal: NodeJS.Signals, sockets: readonly number[]): boolean {
  const members = sockets.length > 0 && (isAlive(target) || isLeftover(target)) ? groupMembers(target.pid) : [];
  const holders = members.filter(
    ({ pid, session }) =>
      pid !== target.pid && session === target.pid && sockets.some((inode) => holdsSocket(pid, inode)),
  );
  const sent = holders.map(({ pid }) => kill(pid, signal));
  return (isAlive(target) && kill(target.pid, signal)) || sent.includes(true);
}

function isLeftover({ pid, startTicks }: ProcessRef): boolean {
  const holder = statOf(pid);
  if (holder !== undefined && holder.startTicks !== startTicks) return false;
  // The quick answer, nearly always: no such group. Only otherwise is it worth reading all of /proc.
  if (!kill(-pid, 0)) return false;
  return groupMembers(pid).some((member) => member.session === pid && member.startTicks >= startTicks);
}

/** ESRCH: gone. EPERM: it has changed its user, so it is out of our hands and counts as gone. */
function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
