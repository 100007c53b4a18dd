import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import type { FleetEffect } from '../../../src/core/effects.ts';
import type { FleetEvent } from '../../../src/core/events.ts';
import { newFleet, stepFleet } from '../../../src/core/fleet.ts';
import { assert } from '../../../src/shared/assert.ts';

const text = `programs: {web: {command: node app.js, workers: 1, startRetries: 0, listen: [{port: 8080}],
  readiness: {type: http, path: /healthz, timeout: 1s}}}`;

test('a probe ends before the worker’s time does, so that its answer is what the failure says', () => {
  const { at, probedAt, end } = play();
  const answeredAt = probedAt();
  expect(answeredAt).toBeLessThan(1_000);
  at(answeredAt, { is: 'probed', worker: 1, passed: false, why: 'GET /healthz answered 503' });
  expect(end()).toBe('not ready within 1 s: GET /healthz answered 503');
});

test('of a worker that has dialled and does not listen, the failure says that, not what a probe saw', () => {
  const { at, probedAt, end } = play();
  const answeredAt = probedAt();
  at(500, { is: 'attached', worker: 1 });
  at(answeredAt, { is: 'probed', worker: 1, passed: false, why: 'nobody accepted' });
  expect(end()).toBe('not ready within 1 s: nothing listens on port 8080');
});

function play() {
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
  /** Starts one worker; answers when its first probe gives up. */
  const probedAt = (): number => {
    at(0, { is: 'start', slots: [0] }, { is: 'spawned', worker: 1, pid: 101 });
    const probe = at(200, { is: 'tick' }).find((effect) => effect.do === 'probe');
    assert(probe?.do === 'probe', 'no probe');
    return 200 + probe.timeoutMs;
  };
  /** Its time is up and it has ended: why it failed. */
  const end = (): string => {
    at(1_000, { is: 'tick' });
    const exited = { is: 'exited', worker: 1, exit: { code: 0, signal: undefined } } as const;
    const fatal = at(1_001, exited).find((effect) => effect.do === 'announce' && effect.fact.event === 'fatal');
    return fatal?.do === 'announce' && fatal.fact.event === 'fatal' ? fatal.fact.why : '';
  };
  return { at, probedAt, end };
}
