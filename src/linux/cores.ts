import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { posix } from 'node:path';

/**
 * How many workers `auto` means: the CPUs this process may run on, cut by the CPU quota of its control group and of the
 * groups above it. Rounded down: with 2.5 CPUs' worth of time two workers leave their garbage collectors the half,
 * three would be throttled together.
 */
export function availableCores(read: (path: string) => string | undefined = readText): number {
  const quotas = cpuFiles(read('/proc/self/cgroup') ?? '').flatMap((files) => quotaOf(files.map(read)) ?? []);
  return Math.max(1, Math.floor(Math.min(availableParallelism(), ...quotas)));
}

/**
 * The files that may hold a quota, from the lines of /proc/self/cgroup (cgroups(7)): `0::/a/b` is version 2,
 * `2:cpu,cpuacct:/a` version 1. Inside a container the path may name a place outside; then only the root is there.
 */
export function cpuFiles(cgroups: string): readonly (readonly string[])[] {
  return cgroups.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined || controllers === undefined) return [];
    if (controllers === '') return upwards(path).map((group) => [`/sys/fs/cgroup${group}/cpu.max`]);
    if (!controllers.split(',').includes('cpu')) return [];
    return [controllers, 'cpu'].flatMap((mount) =>
      upwards(path).map((group) =>
        ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((file) => `/sys/fs/cgroup/${mount}${group}/${file}`),
      ),
    );
  });
}

/** CPUs' worth of time: `200000 100000` (version 2), or quota and period apart (version 1). Undefined: no limit. */
export function quotaOf(files: readonly (string | undefined)[]): number | undefined {
  const [quota, period] = files.join(' ').trim().split(/\s+/).map(Number);
  const cpus = (quota ?? Number.NaN) / (period ?? Number.NaN);
  return Number.isFinite(cpus) && cpus > 0 ? cpus : undefined; // `max`, or -1 in version 1
}

/** `/a/b`, `/a`, and the root as ``. */
function upwards(path: string): readonly string[] {
  return path === '/' ? [''] : [path, ...upwards(posix.dirname(path))];
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // this group, or this version of cgroups, has no such file
  }
}
