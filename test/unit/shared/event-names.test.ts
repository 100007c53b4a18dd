import { expect, test } from 'vitest';
import { eventNames, includes, isEventName } from '../../../src/shared/event-names.ts';

test('a general name stands for what it begins, EVENT for everything', () => {
  expect(includes(['PROCESS_STATE'], 'PROCESS_STATE_EXITED')).toBe(true);
  expect(includes(['TICK'], 'TICK_3600')).toBe(true);
  expect(includes(['EVENT'], 'REMOTE_COMMUNICATION')).toBe(true);
  expect(includes(['SUPERVISOR_STATE_CHANGE'], 'SUPERVISOR_STATE_CHANGE_STOPPING')).toBe(true);
  expect(includes(['PROCESS_STATE_EXITED', 'PROCESS_GROUP'], 'PROCESS_GROUP_ADDED')).toBe(true);
});

test('a name stands for nothing else', () => {
  expect(includes([], 'TICK_5')).toBe(false);
  expect(includes(['TICK_5'], 'TICK_60')).toBe(false);
  expect(includes(['PROCESS_STATE'], 'PROCESS_LOG_STDOUT')).toBe(false);
  expect(includes(['PROCESS_STATE_STOPPED'], 'PROCESS_STATE_STOPPING')).toBe(false);
});

test('there are supervisord’s names, and no others', () => {
  expect(eventNames.length).toBe(27);
  expect([isEventName('TICK_3600'), isEventName('tick_5'), isEventName('PROCESS')]).toEqual([true, false, false]);
});
