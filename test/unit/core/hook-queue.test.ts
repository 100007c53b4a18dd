import { describe, expect, test } from 'vitest';
import {
  type HookPolicy,
  hookDeadline,
  type HookQueue,
  type HookQueueEffect,
  type HookQueueEvent,
  newHookQueue,
  stepHookQueue,
} from '../../../src/core/hook-queue.ts';
import { seededRandom } from '../../harness/seeded-random.ts';

const policy: HookPolicy = { queue: 3, retries: 2, backoff: { initial: 1_000, max: 10_000 } };
const failed = { is: 'failed', why: 'no', refused: false } as const;
const refused = { is: 'failed', why: 'never', refused: true } as const;

/** Plays events one after the other; `said` has each effect as a word: `send a1`, `dropped a`. */
class Game {
  queue: HookQueue<string> = newHookQueue();
  now = 0;
  said: string[] = [];

  play(...events: readonly (HookQueueEvent<string> | string)[]): this {
    for (const event of events) {
      const asked = typeof event === 'string' ? ({ is: 'enqueued', id: event, event } as const) : event;
      const [next, ...effects] = stepHookQueue(this.queue, asked, this.now, policy);
      this.queue = next;
      this.said.push(...effects.map(word));
    }
    return this;
  }

  heard(): string[] {
    return this.said.splice(0);
  }
}

function word(effect: HookQueueEffect<string>): string {
  const { delivery } = effect;
  return effect.do === 'send' ? `send ${delivery.id}${delivery.attempt}` : `${effect.what} ${delivery.id}`;
}

describe('a hook’s queue', () => {
  test('sends one at a time, in order', () => {
    const game = new Game().play('a', 'b', 'c');
    expect(game.heard()).toEqual(['send a1']);
    game.play({ is: 'delivered' }, { is: 'delivered' }, { is: 'delivered' });
    expect(game.heard()).toEqual(['delivered a', 'send b1', 'delivered b', 'send c1', 'delivered c']);
    expect(game.queue).toMatchObject({ delivered: 3, sending: undefined, waiting: [] });
    expect(hookDeadline(game.queue)).toBe(Number.POSITIVE_INFINITY);
  });

  test('tries again after pauses that grow, the same one, and gives it up', () => {
    const game = new Game().play('a', 'b', failed);
    expect(game.heard()).toEqual(['send a1', 'failed a']);
    const first = hookDeadline(game.queue);
    expect(first).toBeGreaterThanOrEqual(800);
    expect(first).toBeLessThanOrEqual(1_200);
    game.now = first - 1;
    expect(game.play({ is: 'tick' }).heard()).toEqual([]);
    game.now = first;
    expect(game.play({ is: 'tick' }, failed).heard()).toEqual(['send a2', 'failed a']);
    const second = hookDeadline(game.queue) - game.now;
    expect(second).toBeGreaterThanOrEqual(1_600);
    expect(second).toBeLessThanOrEqual(2_400);
    game.now += second;
    expect(game.play({ is: 'tick' }, failed).heard()).toEqual(['send a3', 'failed a', 'givenUp a']);
    // The next one waits, too: whoever does not answer the first will not answer it.
    expect(hookDeadline(game.queue)).toBeGreaterThan(game.now + 3_000);
    game.now += 10_000;
    expect(game.play({ is: 'tick' }, { is: 'delivered' }).heard()).toEqual(['send b1', 'delivered b']);
    expect(game.queue).toMatchObject({ failures: 0, givenUp: 1, delivered: 1 });
  });

  test('gives up at once what is refused, and goes on with the next', () => {
    const game = new Game().play('a', 'b', refused);
    expect(game.heard()).toEqual(['send a1', 'failed a', 'givenUp a', 'send b1']);
  });

  test('drops the oldest of too many, never the one that is being sent', () => {
    const game = new Game().play('a', 'b', 'c', 'd', 'e', 'f');
    expect(game.heard()).toEqual(['send a1', 'dropped b', 'dropped c']);
    // What has failed is the oldest, now.
    expect(game.play(failed).heard()).toEqual(['failed a', 'dropped a']);
    expect(game.queue.waiting.map(({ id }) => id)).toEqual(['d', 'e', 'f']);
    expect(game.queue.dropped).toBe(3);
  });

  test('sends a test before all others, once, also in a pause, and counts it nowhere', () => {
    const test = { is: 'testAsked', id: 't', event: 't' } as const;
    const game = new Game().play('a', failed, test);
    expect(game.heard()).toEqual(['send a1', 'failed a', 'send t1']);
    const paused = game.queue.pausedUntil;
    expect(game.play(failed).heard()).toEqual(['failed t']);
    expect(game.queue).toMatchObject({ pausedUntil: paused, failures: 1, givenUp: 0 });
    // One that is taken ends the pause.
    expect(game.play(test, { is: 'delivered' }).heard()).toEqual(['send t1', 'delivered t', 'send a2']);
    expect(game.queue).toMatchObject({ delivered: 0, failures: 0 });
    expect(game.play(test, 'b', { is: 'delivered' }).heard()).toEqual(['delivered a', 'send t1']);
  });

  test('sends nothing while it is held, and begins with what was left to it', () => {
    const left = { id: 'x', event: 'x', attempt: 2, isTest: false };
    const game = new Game().play('a', { is: 'held' }, 'b', { is: 'delivered' }, { is: 'hurried' });
    expect(game.heard()).toEqual(['send a1', 'delivered a']);
    expect(hookDeadline(game.queue)).toBe(Number.POSITIVE_INFINITY);
    const next = new Game().play({ is: 'resumed', waiting: [left, ...game.queue.waiting] }, { is: 'delivered' });
    expect(next.heard()).toEqual(['send x2', 'delivered x', 'send b1']);
  });

  test('tries at once when it is hurried, and leaves everything at the end', () => {
    const game = new Game().play('a', 'b', failed, { is: 'hurried' });
    expect(game.heard()).toEqual(['send a1', 'failed a', 'send a2']);
    game.play({ is: 'testAsked', id: 't', event: 't' }, { is: 'closed', why: 'the end' });
    expect(game.heard()).toEqual(['left a', 'left t', 'left b']);
    expect(game.queue).toMatchObject({ dropped: 2, waiting: [], sending: undefined, test: undefined });
    // What is heard of it afterwards means nothing.
    expect(game.play({ is: 'delivered' }, failed, { is: 'tick' }).heard()).toEqual([]);
  });
});

test('in every history the queue keeps its limit and the order, and accounts for each event once', () => {
  const seed = Number(process.env['SIM_SEED'] ?? 1);
  for (let history = seed; history < seed + 100; history += 1) {
    const random = seededRandom(history);
    const game = new Game();
    let made = 0;
    let open = 0;
    const ends = new Map<string, number>();
    const firstTries: number[] = [];
    for (let at = 0; at < 400; at += 1) {
      game.now += Math.floor(random() * 800);
      const dice = random();
      const { sending } = game.queue;
      if (dice < 0.45) game.play(`e${(made += 1)}.`);
      else if (dice < 0.5) game.play({ is: 'tick' });
      else if (dice < 0.53) game.play({ is: 'hurried' });
      else if (dice < 0.56) game.play({ is: 'testAsked', id: 't.', event: 't' });
      else if (sending !== undefined) game.play(dice < 0.8 ? { is: 'delivered' } : dice < 0.95 ? failed : refused);
      if (at === 399) game.play({ is: 'closed', why: 'the end' });
      for (const said of game.heard()) {
        const [what, id = ''] = said.split(' ');
        if (what === 'send') {
          open += 1;
          if (id.endsWith('.1') && id.startsWith('e')) firstTries.push(Number(id.slice(1, id.indexOf('.'))));
        } else if (what === 'failed' || what === 'delivered') open -= 1;
        if (what !== 'send' && what !== 'failed' && id.startsWith('e')) ends.set(id, (ends.get(id) ?? 0) + 1);
      }
      expect(game.queue.waiting.length, `seed ${history}`).toBeLessThanOrEqual(policy.queue);
      if (at < 399) expect(open, `seed ${history}`).toBe(game.queue.sending === undefined ? 0 : 1);
      // Nothing sleeps for ever: what waits is being sent, or has its time.
      if (game.queue.sending === undefined && game.queue.waiting.length > 0)
        expect(Number.isFinite(hookDeadline(game.queue)), `seed ${history}`).toBe(true);
    }
    expect(firstTries, `seed ${history}`).toEqual(firstTries.toSorted((one, other) => one - other));
    expect(ends.size, `seed ${history}`).toBe(made);
    expect(
      [...ends.values()].every((count) => count === 1),
      `seed ${history}`,
    ).toBe(true);
    const { delivered, givenUp, dropped } = game.queue;
    expect(delivered + givenUp + dropped, `seed ${history}`).toBe(made);
  }
});
