import { expect, test } from 'vitest';
import { isDown } from '../../src/sweep.ts';

test.each([
  { why: 'systemctl stop', serviceResult: 'success', stopAsked: true, wasEnding: true, down: true },
  {
    why: 'systemctl stop of a frozen supervisor',
    serviceResult: 'timeout',
    stopAsked: true,
    wasEnding: false,
    down: true,
  },
  {
    why: 'a drain that is longer than TimeoutStopSec=',
    serviceResult: 'timeout',
    stopAsked: true,
    wasEnding: true,
    down: true,
  },
  { why: 'SIGKILL in the middle of a stop', serviceResult: 'signal', stopAsked: true, wasEnding: true, down: true },
  {
    why: 'a stop before it was ready that took too long',
    serviceResult: 'timeout',
    stopAsked: false,
    wasEnding: true,
    down: true,
  },
  { why: 'an end in order', serviceResult: 'success', stopAsked: false, wasEnding: true, down: true },
  { why: 'a crash', serviceResult: 'signal', stopAsked: false, wasEnding: false, down: false },
  {
    why: 'a crash in the middle of portherdctl shutdown',
    serviceResult: 'signal',
    stopAsked: false,
    wasEnding: true,
    down: false,
  },
  { why: 'the watchdog', serviceResult: 'watchdog', stopAsked: false, wasEnding: false, down: false },
  { why: 'a start that took too long', serviceResult: 'timeout', stopAsked: false, wasEnding: false, down: false },
  { why: 'a bad config', serviceResult: 'exit-code', stopAsked: false, wasEnding: false, down: false },
  { why: 'the memory', serviceResult: 'oom-kill', stopAsked: false, wasEnding: false, down: false },
  { why: 'no service at all', serviceResult: undefined, stopAsked: false, wasEnding: false, down: false },
])('after $why the service is down: $down', ({ serviceResult, stopAsked, wasEnding, down }) => {
  expect(isDown({ serviceResult, stopAsked, wasEnding })).toBe(down);
});
