import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { missedBy } from '../../../src/core/adoption.ts';
import type { FleetEvent } from '../../../src/core/events.ts';
import { type Fleet, newFleet, stepFleet } from '../../../src/core/fleet.ts';
import { restore, snapshot, workersOf } from '../../../src/core/restore.ts';
import { assert } from '../../../src/shared/assert.ts';

test('a worker that nobody knew of does not get the number of one that is started in the same moment', () => {
  // Worker 1 shall be restarted. It ends, worker 2 is started, and the supervisor dies before it has written that.
  const written = play(newFleet(1), [
    { is: 'start', slots: [0] },
    { is: 'spawned', worker: 1, pid: 101 },
    { is: 'restart', slots: [0] },
  ]);
  const stray = { slot: 0, generation: 1, pid: 102, attached: true };
  const [fleet, ...missed] = missedBy(restore(snapshot(written), 10), new Map(), [stray]);
  const workers = play(fleet, missed).slots.flatMap(workersOf);
  expect(workers.map(({ id, pid }) => [id, pid])).toEqual([
    [3, undefined],
    [2, 102],
  ]);
});

test('a worker in a slot that nobody knew of accepts what waits there before it drains; beside another one it drains at once', () => {
  const serving = play(newFleet(1), [
    { is: 'start', slots: [0] },
    { is: 'spawned', worker: 1, pid: 101 },
    { is: 'listening', worker: 1, port: 8080, adopted: true },
    { is: 'probed', worker: 1, passed: true, why: '' },
  ]);
  const stray = { generation: 1, pid: 102, attached: true };
  const [fleet, ...missed] = missedBy(restore(snapshot(serving), 10), new Map([[1, 101]]), [
    { slot: 1, ...stray },
    { slot: 0, ...stray },
  ]);
  const [first, extra] = play(fleet, missed).slots;
  expect(extra?.seat).toMatchObject({ is: 'STOPPING', departure: { is: 'clearing' }, after: 'STOPPED' });
  expect(first).toMatchObject({ seat: { is: 'RUNNING' }, leaving: [{ departure: { is: 'draining' } }] });
});

function play(fleet: Fleet, events: readonly FleetEvent[]): Fleet {
  const text = 'programs: {web: {command: node app.js, workers: 1, listen: [{port: 8080}]}}';
  const config = loadConfig(text, { file: undefined, directory: '/', cores: 1 });
  assert(config.ok, 'the config of this test is wrong');
  const [web] = config.value.programs;
  assert(web !== undefined, 'the config of this test has no program');
  return events.reduce((before, event) => stepFleet(before, event, 10, web)[0], fleet);
}
