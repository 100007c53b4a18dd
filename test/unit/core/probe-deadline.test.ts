import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import type { FleetEffect } from '../../../src/core/effects.ts';
import { newFleet, stepFleet } from '../../../src/core/fleet.ts';
import { assert } from '../../../src/shared/assert.ts';

const text = `programs: {web: {command: node app.js, workers: 1, startRetries: 0, listen: [{port: 8080}],
  readiness: {type: http, path: /healthz, timeout: 1s}}}`;

test('a probe ends before the worker’s time does, so that its answer is what the failure says', () => {
  const config = loadConfig(text, { file: undefined, directory: '/', cores: 1 });
  assert(config.ok, 'the config of this test is wrong');
  const [web] = config.value.programs;
  assert(web !== undefined, 'the config of this test has no program');
  let fleet = newFleet(1);
  const at = (now: number, ...events: readonly Parameters<typeof stepFleet>[1][]): readonly FleetEffect[] =>
    events.flatMap((event) => {
      const [next, ...effects] = stepFleet(fleet, event, now, web);
      fleet = next;
      return effects;
    });

  at(0, { is: 'start', slots: [0] }, { is: 'spawned', worker: 1, pid: 101 });
  const probe = at(200, { is: 'tick' }).find((effect) => effect.do === 'probe');
  assert(probe?.do === 'probe', 'no probe');
  const answeredAt = 200 + probe.timeoutMs;
  expect(answeredAt).toBeLessThan(1_000);

  at(answeredAt, { is: 'probed', worker: 1, passed: false, why: 'GET /healthz answered 503' });
  at(1_000, { is: 'tick' });
  const parting = at(1_001, { is: 'exited', worker: 1, exit: { code: 0, signal: undefined } });
  const why = 'not ready within 1 s: GET /healthz answered 503';
  expect(parting).toContainEqual({ do: 'announce', fact: expect.objectContaining({ event: 'fatal', why }) });
});
