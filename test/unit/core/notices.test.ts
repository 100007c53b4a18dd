import { describe, expect, test } from 'vitest';
import {
  type Message,
  newNotices,
  noticesFor,
  type Notices,
  type ProgramSituation,
  type Situation,
  statusText,
} from '../../../src/core/notices.ts';
import { Dice } from '../../sim/dice.ts';

const bounds = { startMs: 60_000, reloadMs: 120_000, stopMs: 50_000 };

function web(change: Partial<ProgramSituation> = {}): ProgramSituation {
  const none = { coming: 0, fatal: 0, leaving: 0, connections: undefined, roll: undefined };
  return { name: 'web', autostart: true, wanted: 4, ready: 4, ...none, ...change };
}

function situation(phase: Situation['phase'], ...programs: readonly ProgramSituation[]): Situation {
  return { phase, programs, bounds };
}

/** Plays a day and answers what was said when. */
function play(...scenes: readonly (readonly [at: number, Situation])[]): readonly (readonly [number, ...Message[]])[] {
  let told: Notices = newNotices(0);
  return scenes.map(([at, now]) => {
    const [next, ...messages] = noticesFor(told, now, at);
    told = next;
    return [at, ...messages];
  });
}

describe('READY=1', () => {
  test('comes when every slot of every autostart program is ready, with the status', () => {
    const [, late] = play(
      [0, situation('running', web({ ready: 3, coming: 1 }))],
      [900, situation('running', web({ connections: 0 }))],
    );
    expect(late).toEqual([900, ['READY=1', 'STATUS=web 4/4 ready, 0 connections']]);
  });

  test('does not wait for what is FATAL, nor for what nobody started, nor for nothing', () => {
    const fatal = web({ ready: 3, fatal: 1 });
    const manual = web({ name: 'job', autostart: false, ready: 0, coming: 2 });
    for (const programs of [[fatal], [manual], [fatal, manual], []]) {
      const [, first] = play([0, situation('running', ...programs)])[0] ?? [];
      expect(first?.[0]).toBe('READY=1');
    }
  });

  test('comes once, whatever crashes later', () => {
    const said = play(
      [0, situation('running', web())],
      [2_000, situation('running', web({ ready: 0, coming: 4 }))],
      [4_000, situation('running', web())],
    );
    expect(lines(said).filter((line) => line === 'READY=1')).toHaveLength(1);
  });
});

test('a reload is told at its begin and its end; one before everything is ready is not', () => {
  const said = play(
    [0, situation('reloading', web({ ready: 0, coming: 4 }))],
    [1_000, situation('running', web())],
    [2_000, situation('reloading', web({ roll: { done: 1, total: 4 } }))],
    [2_500, situation('running', web())],
  );
  expect(lines(said).filter((line) => /^(READY|RELOADING)=/.test(line))).toEqual(['READY=1', 'RELOADING=1', 'READY=1']);
  expect(said[2]?.[1]).toEqual(['RELOADING=1', 'STATUS=reloading: web 4/4 ready, rolling 1/4']);
});

test('STOPPING=1 comes once, also when nothing was ready, and nothing else follows', () => {
  const said = play(
    [0, situation('reloading', web({ ready: 1, coming: 3 }))],
    [100, situation('stopping', web({ ready: 1, coming: 3, connections: 1 }))],
    [200, situation('stopping', web({ ready: 0 }))],
    [300, situation('running', web())],
  );
  expect(said[1]?.[1]).toEqual(['STOPPING=1', 'STATUS=stopping: web 4 left, 1 connection']);
  expect(lines(said.slice(2)).filter((line) => !line.startsWith('STATUS='))).toEqual([]);
});

describe('EXTEND_TIMEOUT_USEC', () => {
  const seconds = Array.from({ length: 200 }, (_, at) => at * 1_000);

  test.each([
    { phase: 'running', program: web({ ready: 0, coming: 4 }), bound: bounds.startMs },
    { phase: 'stopping', program: web({ ready: 0, leaving: 4 }), bound: bounds.stopMs },
  ] as const)(
    'is asked for every four seconds while $phase goes on, no longer than its bound',
    ({ phase, program, bound }) => {
      const times = asked(play(...seconds.map((at) => [at, situation(phase, program)] as const)));
      expect(times[0]).toBe(0);
      for (const [index, at] of times.entries()) expect(at - (times[index - 1] ?? at - 4_000)).toBe(4_000);
      expect(times.at(-1)).toBeGreaterThan(bound - 4_000);
      expect(times.at(-1)).toBeLessThanOrEqual(bound);
    },
  );

  test('is not asked for while everything is ready', () => {
    expect(asked(play(...seconds.map((at) => [at, situation('running', web())] as const)))).toEqual([]);
  });
});

describe('STATUS', () => {
  test('changes at most once a second, and ends with what is so', () => {
    const scenes = Array.from(
      { length: 100 },
      (_, at) => [at * 100, situation('running', web({ connections: Math.min(at, 90) }))] as const,
    );
    const told = play(...scenes).filter(([, ...messages]) =>
      messages.flat().some((line) => line.startsWith('STATUS=')),
    );
    expect(told).toHaveLength(10);
    expect(told.at(-1)?.[1]).toEqual(['STATUS=web 4/4 ready, 90 connections']);
  });

  test('is not repeated', () => {
    const said = play(...[0, 5_000, 10_000].map((at) => [at, situation('running', web())] as const));
    expect(lines(said)).toEqual(['READY=1', 'STATUS=web 4/4 ready']);
  });

  test.each([
    { programs: [web({ connections: 1532 })], text: 'web 4/4 ready, 1532 connections' },
    { programs: [web({ ready: 0, fatal: 4 })], text: 'web 0/4 ready, 4 FATAL' },
    { programs: [web({ ready: 0 })], text: 'web stopped' },
    { programs: [web(), web({ name: 'api', wanted: 1, ready: 1 })], text: 'web 4/4 ready; api 1/1 ready' },
    { programs: [], text: '' },
  ])('$text', ({ programs, text }) => {
    expect(statusText(situation('running', ...programs))).toBe(text);
  });

  test('names eight programs and counts the others', () => {
    const programs = Array.from({ length: 20 }, (_, at) => web({ name: `p${at}` }));
    expect(statusText(situation('running', ...programs))).toMatch(/^p0 4\/4 ready; .*p7 4\/4 ready; 12 more$/);
  });
});

test('whatever happens, systemd’s own order is kept: READY first, RELOADING only while ready, nothing after STOPPING', () => {
  for (let seed = 1; seed <= 2_000; seed += 1) {
    const dice = new Dice(seed);
    let [told, at, state]: [Notices, number, string] = [newNotices(0), 0, 'starting'];
    let phase: Situation['phase'] = 'running';
    for (let turn = 0; turn < 40; turn += 1) {
      at += dice.below(3_000);
      phase = phase === 'stopping' || dice.chance(0.05) ? 'stopping' : dice.chance(0.2) ? 'reloading' : 'running';
      const coming = dice.below(4);
      const [next, ...messages] = noticesFor(told, situation(phase, web({ ready: 4 - coming, coming })), at);
      told = next;
      for (const line of messages.flat()) {
        const why = `seed ${seed}, turn ${turn}, ${state}`;
        if (line === 'READY=1') expect(['starting', 'reloading'], why).toContain(state);
        if (line === 'RELOADING=1') expect(state, why).toBe('ready');
        if (line === 'STOPPING=1') expect(state, why).not.toBe('stopping');
        state = { 'READY=1': 'ready', 'RELOADING=1': 'reloading', 'STOPPING=1': 'stopping' }[line] ?? state;
      }
      if (phase === 'stopping') expect(state).toBe('stopping');
    }
  }
});

function lines(said: ReturnType<typeof play>): readonly string[] {
  return said.flatMap(([, ...messages]) => messages.flat());
}

/** When more time was asked for. */
function asked(said: ReturnType<typeof play>): readonly number[] {
  return said.filter(([, ...messages]) => messages.flat().includes('EXTEND_TIMEOUT_USEC=20000000')).map(([at]) => at);
}
