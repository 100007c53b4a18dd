import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { availableCores, cpuFiles, quotaOf } from '../../../src/linux/cores.ts';

test.each([
  [['200000 100000\n'], 2],
  [['150000 100000'], 1.5],
  [['max 100000'], undefined],
  [['50000\n', '100000\n'], 0.5],
  [['-1\n', '100000\n'], undefined],
  [[undefined, undefined], undefined],
  [[''], undefined],
  [['garbage'], undefined],
])('a quota of %j is %s CPUs', (files, cpus) => {
  expect(quotaOf(files)).toBe(cpus);
});

test('version 2: the quota may be the group’s own or one above it', () => {
  expect(cpuFiles('0::/system.slice/web.service\n')).toEqual([
    ['/sys/fs/cgroup/system.slice/web.service/cpu.max'],
    ['/sys/fs/cgroup/system.slice/cpu.max'],
    ['/sys/fs/cgroup/cpu.max'],
  ]);
});

test('version 1: the line of the cpu controller counts, and no other', () => {
  const files = cpuFiles('3:cpuset:/x\n2:cpu,cpuacct:/docker\n1:memory:/y\n');
  expect(files).toContainEqual([
    '/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us',
    '/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us',
  ]);
  expect(files.flat().join()).not.toMatch(/cpuset|memory/);
});

test('the tightest quota wins, rounded down, and there is always one core', () => {
  expect(cores({})).toBe(availableParallelism());
  expect(cores({ '/sys/fs/cgroup/a/b/cpu.max': '190000 100000', '/sys/fs/cgroup/a/cpu.max': '900000 100000' })).toBe(1);
  expect(cores({ '/sys/fs/cgroup/a/cpu.max': '10000 100000' })).toBe(1);
  expect(cores({ '/sys/fs/cgroup/cpu.max': '99900000 100000' })).toBe(availableParallelism());
});

test('on this machine it is a whole number from 1 to the CPUs', () => {
  expect(availableCores()).toSatisfy((cores: number) => Number.isInteger(cores) && cores >= 1);
  expect(availableCores()).toBeLessThanOrEqual(availableParallelism());
});

function cores(files: Record<string, string>): number {
  return availableCores((path) => ({ '/proc/self/cgroup': '0::/a/b', ...files })[path]);
}
