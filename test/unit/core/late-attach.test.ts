import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import type { FleetEffect } from '../../../src/core/effects.ts';
import type { FleetEvent } from '../../../src/core/events.ts';
import { newFleet, stepFleet } from '../../../src/core/fleet.ts';
import { assert } from '../../../src/shared/assert.ts';

test('a replacement that dials after a probe has proved it is drained when its own turn comes', () => {
  const fleet = play();
  fleet.at(0, { is: 'start', slots: [0] });
  fleet.at(1, { is: 'spawned', worker: 1, pid: 101 }, { is: 'attached', worker: 1 }, listening(1));

  fleet.at(100, { is: 'roll', generation: 2 }, { is: 'spawned', worker: 2, pid: 102 });
  expect(fleet.at(250, { is: 'tick' })).toContainEqual(expect.objectContaining({ do: 'probe', worker: 2 }));
  fleet.at(251, { is: 'probed', worker: 2, passed: true, why: '' }, { is: 'attached', worker: 2 }, listening(2));
  expect(fleet.at(252, { is: 'tick' })).toContainEqual({ do: 'drain', worker: 1 });
  fleet.at(260, { is: 'drained', worker: 1 }, { is: 'exited', worker: 1, exit: { code: 0, signal: undefined } });

  fleet.at(300, { is: 'roll', generation: 3 }, { is: 'spawned', worker: 3, pid: 103 });
  fleet.at(310, { is: 'attached', worker: 3 }, listening(3));
  const parting = fleet.at(311, { is: 'tick' });
  expect(parting).toContainEqual({ do: 'drain', worker: 2 });
  expect(parting).not.toContainEqual({ do: 'terminate', worker: 2 });
});

function listening(worker: number): FleetEvent {
  return { is: 'listening', worker, port: 8080, adopted: true };
}

/** One slot; `at` answers with the effects of all its events. */
function play() {
  const text = 'programs: {web: {command: node app.js, workers: 1, listen: [{port: 8080}], roll: {minReady: 0s}}}';
  const config = loadConfig(text, { file: undefined, directory: '/', cores: 1 });
  assert(config.ok, 'the config of this test is wrong');
  const [web] = config.value.programs;
  assert(web !== undefined, 'the config of this test has no program');
  let fleet = newFleet(1);
  const at = (now: number, ...events: readonly FleetEvent[]): readonly FleetEffect[] =>
    events.flatMap((event) => {
      const [next, ...effects] = stepFleet(fleet, event, now, web);
      fleet = next;
      return effects;
    });
  return { at };
}
