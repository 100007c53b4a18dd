import { expect, test } from 'vitest';
import { hooksText } from '../../../src/cli/render/hooks-text.ts';
import type { HookStatus } from '../../../src/protocol/control-hooks.ts';

const idle: HookStatus = {
  name: 'page',
  target: 'notify-ops …',
  events: ['fatal'],
  programs: [],
  state: 'idle',
  queued: 0,
  delivered: 12,
  failed: 0,
  dropped: 0,
  failures: 0,
};

test('a line for each hook, with its last error and when it was', () => {
  const lastError = { at: 100_000, event: 'rollFailed', why: 'answered 500' };
  const paused = { ...idle, name: 'chat', state: 'paused', queued: 3, retryInMs: 1_800, lastError } as const;
  expect(
    hooksText([idle, paused, { ...paused, state: 'sending', lastDelivered: { at: 100_001, event: 'ready' } }], 165_000),
  ).toEqual([
    'HOOK  TELLS         STATE           QUEUED  DELIVERED  FAILED  DROPPED  LAST ERROR',
    'page  notify-ops …  idle                 0         12       0        0  -',
    'chat  notify-ops …  retry in 1.8 s       3         12       0        0  0:01:05 ago, rollFailed: answered 500',
    'chat  notify-ops …  sending              3         12       0        0  0:01:05 ago, rollFailed: answered 500, works again',
  ]);
});

test('says where hooks come from when there are none', () => {
  expect(hooksText([], 0)).toEqual(['No hooks; `hooks:` in the config names them.']);
});
