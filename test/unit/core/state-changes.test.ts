import { describe, expect, test } from 'vitest';
import type { FleetEffect } from '../../../src/core/effects.ts';
import { groupNews, remoteNews, stateNews, tickNews } from '../../../src/core/event-payloads.ts';
import type { Fact, FleetEvent } from '../../../src/core/events.ts';
import { type Fleet, newFleet, stepFleet } from '../../../src/core/fleet.ts';
import { emptySlot, type Slot } from '../../../src/core/seat.ts';
import { stateChanges } from '../../../src/core/state-changes.ts';
import type { ProgramConfig } from '../../../src/config/schema.ts';
import { workerRequest } from '../../harness/worker-request.ts';

/** A program of one worker without ports, driven by hand: what its listeners would be told. */
class Played {
  readonly told: string[] = [];
  readonly #config: ProgramConfig;
  #fleet: Fleet;
  #now = 0;
  #pid = 100;

  constructor(change: Partial<ProgramConfig> = {}) {
    this.#config = workerRequest({ name: 'web', workers: 1, ...change }).program;
    this.#fleet = newFleet(1);
  }

  /** The number of the worker that was started last. */
  get worker(): number {
    return this.#fleet.nextWorker - 1;
  }

  send(event: FleetEvent): this {
    const { readiness } = this.#config;
    const before = this.#fleet.slots[0];
    const [fleet, ...effects] = stepFleet(this.#fleet, event, this.#now, this.#config, () => readiness);
    this.#fleet = fleet;
    const facts = effects.flatMap((effect): Fact[] => (effect.do === 'announce' ? [effect.fact] : []));
    for (const change of stateChanges(before, fleet.slots[0], facts)) {
      const { name, payload } = stateNews('web', 0, change);
      this.told.push(`${name.replace('PROCESS_STATE_', '')} ${payload.replace('processname:0 groupname:web ', '')}`);
    }
    for (const effect of effects) this.#perform(effect);
    return this;
  }

  /** Time passes; each deadline in it is met. */
  pass(ms: number): this {
    const end = this.#now + ms;
    for (; this.#now < end; this.#now = Math.min(end, this.#now + 100)) this.send({ is: 'tick' });
    return this.send({ is: 'tick' });
  }

  exit(code: number, worker = this.worker): this {
    return this.send({ is: 'exited', worker, exit: { code, signal: undefined } });
  }

  get start(): this {
    return this.send({ is: 'start', slots: [0] });
  }

  /** What was told since. */
  since(before: () => unknown): readonly string[] {
    this.told.length = 0;
    before();
    return this.told;
  }

  #perform(effect: FleetEffect): void {
    if (effect.do === 'spawn') this.send({ is: 'spawned', worker: effect.worker, pid: (this.#pid += 1) });
  }
}

const of = (seat: Slot['seat']): Slot => ({ ...emptySlot(0, 1), seat, failures: 1 });

const ready = () => new Played().start.pass(1_100);

describe('as under supervisord', () => {
  test('a start', () => {
    expect(ready().told).toEqual(['STARTING from_state:STOPPED tries:0', 'RUNNING from_state:STARTING pid:101']);
  });

  test('a stop', () => {
    const played = ready();
    expect(played.since(() => played.send({ is: 'stop', slots: [0] }).exit(0))).toEqual([
      'STOPPING from_state:RUNNING pid:101',
      'STOPPED from_state:STOPPING pid:101',
    ]);
  });

  test('a restart passes through STOPPED', () => {
    const played = ready();
    expect(
      played.since(() =>
        played
          .send({ is: 'restart', slots: [0] })
          .exit(0)
          .pass(1_100),
      ),
    ).toEqual([
      'STOPPING from_state:RUNNING pid:101',
      'STOPPED from_state:STOPPING pid:101',
      'STARTING from_state:STOPPED tries:0',
      'RUNNING from_state:STARTING pid:102',
    ]);
  });

  test('an exit that was expected', () => {
    const played = ready();
    expect(played.since(() => played.exit(0))).toEqual(['EXITED from_state:RUNNING expected:1 pid:101']);
    expect(played.since(() => played.start)).toEqual(['STARTING from_state:EXITED tries:0']);
  });

  test('programs that do not come up, until they are given up', () => {
    const played = new Played({ startRetries: 1 });
    const told = played.since(() => played.start.exit(1).pass(5_000).exit(1));
    expect(told).toEqual([
      'STARTING from_state:STOPPED tries:0',
      'BACKOFF from_state:STARTING tries:1',
      'STARTING from_state:BACKOFF tries:1',
      'RUNNING from_state:STARTING pid:102',
      'EXITED from_state:RUNNING expected:0 pid:102',
      'BACKOFF from_state:EXITED tries:2',
      'FATAL from_state:BACKOFF',
    ]);
    expect(played.since(() => played.start)).toEqual(['STARTING from_state:FATAL tries:0']);
  });

  test('a pause that is cut short', () => {
    const played = new Played();
    played.start.exit(1);
    expect(played.since(() => played.send({ is: 'stop', slots: [0] }))).toEqual(['STOPPED from_state:BACKOFF pid:0']);
  });

  test('a process that cannot be started', () => {
    const played = new Played({ startRetries: 0 });
    played.send({ is: 'start', slots: [0] });
    expect(played.since(() => played.send({ is: 'spawnFailed', worker: 1, why: 'EMFILE' }))).toEqual([
      'BACKOFF from_state:STARTING tries:1',
      'FATAL from_state:BACKOFF',
    ]);
  });
});

describe('what supervisord does not have', () => {
  test('a crash is an EXITED, and the pause after it is told', () => {
    const played = ready();
    expect(played.since(() => played.exit(1).pass(3_000))).toEqual([
      'EXITED from_state:RUNNING expected:0 pid:101',
      'BACKOFF from_state:EXITED tries:1',
      'STARTING from_state:BACKOFF tries:1',
      'RUNNING from_state:STARTING pid:102',
    ]);
  });

  test('a roll is RUNNING with another pid, whatever becomes of the old worker', () => {
    const played = ready();
    expect(played.since(() => played.send({ is: 'roll', generation: 2 }).pass(1_500).exit(0, 1))).toEqual([
      'RUNNING from_state:RUNNING pid:102',
    ]);
  });

  test('a failed replacement is not told', () => {
    const played = ready();
    expect(played.since(() => played.send({ is: 'roll', generation: 2 }).exit(1, 2))).toEqual([]);
  });

  test('a crash while the replacement is on its way', () => {
    const played = ready();
    expect(played.since(() => played.send({ is: 'roll', generation: 2 }).exit(1, 1).pass(1_200))).toEqual([
      'EXITED from_state:RUNNING expected:0 pid:101',
      'STARTING from_state:EXITED tries:0',
      'RUNNING from_state:STARTING pid:102',
    ]);
  });

  test('a worker that is given up (hung, or not ready in time) is STOPPING before the pause', () => {
    const worker = { id: 1, generation: 1, startedAt: 0, pid: 101, attached: false };
    const departure = { is: 'terminating', deadline: 9 } as const;
    const running = of({ is: 'RUNNING', worker, readyAt: 0, provenAt: 0 });
    const going = of({ is: 'STOPPING', worker, departure, after: 'BACKOFF', why: 'hung' });
    const paused = of({ is: 'BACKOFF', until: 9, why: 'hung' });
    expect(stateChanges(running, going, [])).toEqual([{ to: 'STOPPING', from: 'RUNNING', pid: 101 }]);
    expect(stateChanges(going, paused, [])).toEqual([{ to: 'BACKOFF', from: 'STOPPING', tries: 1 }]);
  });

  test('a slot that is scaled away ends in STOPPED, and a new one begins there', () => {
    const worker = { id: 1, generation: 1, startedAt: 0, pid: 101, attached: false };
    const starting = of({ is: 'STARTING', starting: { worker, deadline: 9, ports: [], nextProbe: 9, doubt: '' } });
    expect(stateChanges(undefined, starting, [])).toEqual([{ to: 'STARTING', from: 'STOPPED', tries: 1 }]);
    expect(stateChanges(starting, undefined, [])).toEqual([{ to: 'STOPPED', from: 'STARTING', pid: 101 }]);
    expect(stateChanges(undefined, undefined, [])).toEqual([]);
  });
});

test('other payloads are supervisord’s too', () => {
  expect(groupNews('ADDED', 'web')).toEqual({ name: 'PROCESS_GROUP_ADDED', payload: 'groupname:web\n' });
  expect(remoteNews('a', 'b\nc')).toEqual({ name: 'REMOTE_COMMUNICATION', payload: 'type:a\nb\nc' });
});

describe('ticks', () => {
  test('come when their slice of time begins', () => {
    expect(tickNews(1_000_001, 1_000_004)).toEqual([]);
    expect(tickNews(1_000_004, 1_000_005.2)).toEqual([{ name: 'TICK_5', payload: 'when:1000005' }]);
    expect(tickNews(3_599.9, 3_600).map(({ name }) => name)).toEqual(['TICK_5', 'TICK_60', 'TICK_3600']);
  });

  test('come once after a sleep, and after a step of the clock', () => {
    expect(tickNews(100, 1_000).map(({ payload }) => payload)).toEqual(['when:1000', 'when:960']);
    expect(tickNews(1_000, 100).map(({ payload }) => payload)).toEqual(['when:100', 'when:60']);
  });
});
