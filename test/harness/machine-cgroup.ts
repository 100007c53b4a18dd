import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { errorCodeOf } from '../../src/linux/error-code.ts';
import { until } from './until.ts';

/** A control group of a test machine, in each hierarchy that systemd uses (cgroups(7): one or, on older set-ups, two). */
export interface MachineCgroup {
  readonly directories: readonly string[];
  /** Fails when a process is still in it: the kernel refuses to remove such a group. */
  remove(): Promise<void>;
}

const prefix = 'portherd-machine-';

export function createMachineCgroup(at: number): MachineCgroup {
  const directories = hierarchies().map((root) => join(root, `${prefix}${process.pid}-${at}`));
  for (const directory of directories) mkdirSync(directory);
  return {
    directories,
    async remove() {
      const gone = (): boolean => {
        for (const directory of directories) removeTree(directory);
        return true;
      };
      await until(gone, { what: `no process to be left in ${directories.join(', ')}` });
    },
  };
}

/** Empty groups of runs that were killed: a dead run has no process left to remove them. */
export function sweepMachineCgroups(): void {
  for (const root of hierarchies())
    for (const name of readdirSync(root)) {
      const [, pid] = /^portherd-machine-(\d+)-\d+$/.exec(name) ?? [];
      if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeUnlessBusy(join(root, name));
    }
}

/** Its last processes may just be dying, and another run may sweep as well: what is left is left to the next one. */
function removeUnlessBusy(directory: string): void {
  try {
    removeTree(directory);
  } catch (thrown) {
    if (!['EBUSY', 'ENOENT'].includes(errorCodeOf(thrown) ?? '')) throw thrown;
  }
}

function hierarchies(): string[] {
  const places = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd'];
  return places.filter((place) => existsSync(join(place, 'cgroup.procs')));
}

/** A cgroup's files go with it; only its children must go first. */
function removeTree(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(directory, entry.name));
  rmdirSync(directory);
}
