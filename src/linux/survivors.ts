import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { channelEnv } from '../protocol/channel.ts';
import { parseListenPlan } from '../protocol/channel-parse.ts';
import type { Survivor } from '../supervisor/ports-survival.ts';
import { allPids, isAlive, statOf } from './procfs.ts';

/**
 * Workers that a supervisor of this run directory has started and that live, the oldest first: the leaders of their sessions whose
 * environment names its worker socket (proc_pid_environ(5): as it was at execve, whatever the app did to process.env). A program that
 * overwrites its environment to show a title (nginx) is found by its pid in the state file only.
 */
export function findSurvivors(channelSocket: string, users: WorkerUsers = new Map()): readonly Survivor[] {
  return allPids()
    .flatMap((pid) => survivor(pid, channelSocket, users) ?? [])
    .toSorted((one, other) => one.process.startTicks - other.process.startTicks || one.process.pid - other.process.pid);
}

/** Of programs that do not run as the daemon's user: the uids that their workers may have. */
export type WorkerUsers = ReadonlyMap<string, ReadonlySet<number>>;

function survivor(pid: number, channelSocket: string, users: WorkerUsers): Survivor | undefined {
  if (pid === process.pid) return undefined;
  const stat = statOf(pid);
  if (stat?.session !== pid) return undefined;
  const own = isOwn(pid);
  if (!own && users.size === 0) return undefined;
  const env = environmentOf(pid);
  const [program, token] = [env.get('PORTHERD_PROGRAM'), env.get(channelEnv.token)];
  const slot = Number(env.get('PORTHERD_SLOT') ?? Number.NaN);
  const generation = Number(env.get('PORTHERD_GENERATION') ?? Number.NaN);
  const socket = env.get(channelEnv.socket);
  if (socket === undefined || program === undefined || token === undefined) return undefined;
  if (!own && users.get(program)?.has(ownerOf(pid) ?? -1) !== true) return undefined;
  if (!isSamePath(socket, channelSocket)) return undefined;
  if (!Number.isSafeInteger(slot) || slot < 0 || !Number.isSafeInteger(generation)) return undefined;
  const found = { pid, startTicks: stat.startTicks };
  if (!isAlive(found)) return undefined;
  const attached = env.get(channelEnv.claim) === 'boot';
  const inodes = parseListenPlan(env.get(channelEnv.listen) ?? '')?.ports.map(({ inode }) => inode) ?? [];
  return { process: found, program, slot, generation, token, attached, inodes };
}

/** The run directory may have more names than one: /var/run is a link to /run. The socket itself may be gone. */
export function isSamePath(one: string, other: string): boolean {
  if (one === other || basename(one) !== basename(other)) return one === other;
  try {
    return realpathSync(dirname(one)) === realpathSync(dirname(other));
  } catch {
    return false; // a directory that is gone is nobody's
  }
}

/** Anybody may write our names into his environment; to be one of us takes our user, or the one of that very program. */
function isOwn(pid: number): boolean {
  return ownerOf(pid) === process.geteuid?.();
}

function ownerOf(pid: number): number | undefined {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
}

/** Empty for a kernel thread, a zombie, and processes of other users. */
function environmentOf(pid: number): ReadonlyMap<string, string> {
  try {
    const words = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return new Map(words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));
  } catch {
    return new Map(); // EACCES: not ours; ENOENT, ESRCH: it ended
  }
}
