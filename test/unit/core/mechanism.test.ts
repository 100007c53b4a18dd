import { expect, test } from 'vitest';
import { mechanismsOf, type SteeringInForce, steeringStory } from '../../../src/core/mechanism.ts';

test('the classic program is not tried while the order of the group is wrong', () => {
  expect(mechanismsOf('auto', true)).toEqual(['ebpf', 'cbpf']);
  expect(mechanismsOf('auto', false)).toEqual(['ebpf']);
  expect(mechanismsOf('ebpf', true)).toEqual(['ebpf', 'cbpf']);
  expect(mechanismsOf('cbpf', true)).toEqual(['cbpf']);
  expect(mechanismsOf('cbpf', false)).toEqual([]);
  expect(mechanismsOf('off', true)).toEqual([]);
});

function inForce(by: SteeringInForce['by'], ebpf?: string, cbpf?: string): SteeringInForce {
  const refusals = [
    ...(ebpf === undefined ? [] : [{ mechanism: 'ebpf' as const, errno: ebpf }]),
    ...(cbpf === undefined ? [] : [{ mechanism: 'cbpf' as const, errno: cbpf }]),
  ];
  return { by, refusals };
}

test.each([
  ['auto', inForce('ebpf'), { by: 'ebpf' }],
  ['auto', inForce('cbpf', 'EPERM'), { by: 'cbpf', why: 'no CAP_BPF' }],
  ['auto', inForce('cbpf', 'EINVAL'), { by: 'cbpf', why: 'ebpf needs Linux 5.14' }],
  ['auto', inForce('cbpf', 'E2BIG'), { by: 'cbpf', why: 'ebpf: E2BIG' }],
  ['cbpf', inForce('cbpf'), { by: 'cbpf' }],
  ['ebpf', inForce('cbpf', 'EBUSY'), { by: 'cbpf', why: 'a former program still has the sockets' }],
  ['off', inForce('hash'), { by: 'hash', why: 'off' }],
] as const)('steering: %s, in force %o', (option, state, story) => {
  expect(steeringStory(option, state, undefined)).toEqual(story);
});

test('what is worse than asked for comes with a cure', () => {
  expect(steeringStory('ebpf', inForce('cbpf', 'EPERM'), undefined).advice).toContain('CAP_BPF');
  expect(steeringStory('auto', inForce('hash', 'EPERM', 'EPERM'), undefined)).toMatchObject({
    by: 'hash',
    why: 'no CAP_BPF; cbpf: EPERM',
    advice: expect.stringContaining('seccomp'),
  });
  expect(steeringStory('cbpf', inForce('hash'), 'slot 3 got it')).toMatchObject({
    by: 'hash',
    why: 'slot 3 got it',
    advice: expect.stringContaining('Stop and start'),
  });
});
