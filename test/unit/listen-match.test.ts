import { expect, test } from 'vitest';
import type { PlannedPort } from '../../src/protocol/channel.ts';
import { plannedFor } from '../../src/worker/match.ts';

function planned(host: string, port = 80): PlannedPort {
  return { host, port, backlog: 511, fds: [], inode: 0 };
}

test.for<[declared: string, app: string | undefined, is: boolean]>([
  ['127.0.0.1', '127.0.0.1', true],
  ['127.0.0.1', undefined, true],
  ['127.0.0.1', '', true],
  ['127.0.0.1', '0.0.0.0', true],
  ['127.0.0.1', '::', true],
  ['127.0.0.1', 'localhost', true],
  ['127.0.0.1', '::1', false],
  ['127.0.0.1', '192.0.2.1', false],
  ['::1', 'LOCALHOST', true],
  ['localhost', '127.0.0.1', true],
  ['localhost', '::1', true],
  ['localhost', '192.0.2.1', false],
  ['0.0.0.0', '127.0.0.1', true],
  ['0.0.0.0', 'localhost', true],
  ['0.0.0.0', '::1', false],
  ['::', '127.0.0.1', true],
  ['::', '::1', true],
  ['::', 'example.org', true],
])('declared on %s, an app that listens on %s means it: %s', ([declared, app, is]) => {
  const port = planned(declared);
  expect(plannedFor([port], 80, app)).toBe(is ? port : undefined);
});

test('another port is never meant', () => {
  expect(plannedFor([planned('::', 80)], 81, undefined)).toBeUndefined();
});

test('of several declarations for one port the exact one is meant, then a wildcard, then the first', () => {
  const [v4, v6, any] = [planned('127.0.0.1'), planned('::1'), planned('0.0.0.0')];
  expect(plannedFor([v4, v6], 80, '::1')).toBe(v6);
  expect(plannedFor([v4, any], 80, undefined)).toBe(any);
  expect(plannedFor([v4, v6], 80, undefined)).toBe(v4);
});
