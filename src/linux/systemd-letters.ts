import type { Log } from '../supervisor/ports.ts';
import type { Environment } from './worker-env.ts';

/** A descriptor that was handed to this process, and what it is called. Not inspected yet. */
export interface InheritedDescriptor {
  readonly fd: number;
  readonly name: string;
}

/**
 * Which descriptors the environment says are ours: systemd's letter, sd_listen_fds(3), or our own from before a re-execution. A
 * letter to another pid is none. Pure, but for the warning.
 */
export function inheritedDescriptors(env: Environment, pid: number, log: Log): readonly InheritedDescriptor[] {
  const own = env[handoverName];
  if (own !== undefined) return ownLetter(own, pid);
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = env;
  if (LISTEN_FDS === undefined || LISTEN_PID !== String(pid)) return [];
  if (!/^\d{1,4}$/.test(LISTEN_FDS)) {
    log.warn(
      { event: 'listenFdsUnreadable', value: LISTEN_FDS },
      'LISTEN_FDS is no number of descriptors; none is used',
    );
    return [];
  }
  const names = LISTEN_FDNAMES?.split(':') ?? [];
  return Array.from({ length: Number(LISTEN_FDS) }, (_, at) => ({ fd: firstFd + at, name: names[at] ?? 'unknown' }));
}

/** Says what `inheritedDescriptors` reads: the pid, then number and name of each; names have neither spaces nor `:` (systemd's fdname_is_valid()). */
export function letterOf(descriptors: readonly InheritedDescriptor[], pid: number): string {
  return [String(pid), ...descriptors.map(({ fd, name }) => `${fd}:${name}`)].join(' ');
}

export const handoverName = 'PORTHERD_UNIT_SOCKETS';

/** Of no use to anybody once they have been read. */
export const letterNames: readonly string[] = [
  'LISTEN_PID',
  'LISTEN_FDS',
  'LISTEN_FDNAMES',
  'LISTEN_PIDFDID',
  handoverName,
];

/** SD_LISTEN_FDS_START */
const firstFd = 3;

function ownLetter(letter: string, pid: number): readonly InheritedDescriptor[] {
  const [to, ...words] = letter.split(' ');
  if (to !== String(pid)) return [];
  return words.flatMap((word) => {
    const [, fd, name] = /^(\d+):(.*)$/.exec(word) ?? [];
    return fd === undefined || name === undefined ? [] : [{ fd: Number(fd), name }];
  });
}
