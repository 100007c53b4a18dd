import { expect, test } from 'vitest';
import { envelope } from '../../../src/core/event-envelope.ts';
import * as pools from '../../../src/core/event-pool.ts';

const room = 3;
const at = (now: number) => ({ room, now });

/** A pool with these workers, who are ready, and so many events. */
function pool(workers: readonly number[], events: number): pools.EventPool {
  let made = pools.newPool();
  for (const worker of workers) [made] = pools.hear(pools.join(made, worker), worker, 'READY\n', at(0));
  return accept(made, events);
}

function accept(before: pools.EventPool, events: number): pools.EventPool {
  let made = before;
  for (let count = 0; count < events; count += 1)
    made = pools.accept(made, { name: 'TICK_5', payload: 'when:0', serial: 100 + made.nextSerial }, room);
  return made;
}

function waiting(of: pools.EventPool): readonly number[] {
  return of.waiting.map(({ poolSerial }) => poolSerial);
}

/** Gives out whatever can be; to whom, and which. */
function giveOut(from: pools.EventPool, workers: readonly number[], now = 0) {
  let made = from;
  const given: string[] = [];
  for (let next = pools.nextDelivery(made, workers, now); next; next = pools.nextDelivery(made, workers, now)) {
    given.push(`${next.worker}:${next.event.poolSerial}`);
    made = pools.deliver(made, next.worker, now);
  }
  return { pool: made, given };
}

test('the oldest waits first, and when there is no room it is the one that goes', () => {
  const full = pool([], 5);
  expect(waiting(full)).toEqual([2, 3, 4]);
  expect(full.discarded).toBe(2);
  expect(full.chars).toBe(3 * 'when:0'.length);
});

test('events go to the first worker that is ready, one each', () => {
  const { pool: after, given } = giveOut(pool([7, 8], 3), [8, 7]);
  expect(given).toEqual(['8:0', '7:1']);
  expect(waiting(after)).toEqual([2]);
  expect(giveOut(after, [8, 7]).given).toEqual([]);
});

test('a worker that is not among those that may be told gets nothing', () => {
  expect(giveOut(pool([7], 1), []).given).toEqual([]);
});

test('an answered event is gone, and the worker gets the next when it is ready again', () => {
  const { pool: sent } = giveOut(pool([7], 2), [7]);
  const [answered, heard] = pools.hear(sent, 7, 'RESULT 2\nOK', at(0));
  expect(heard).toMatchObject({ is: 'processed', event: { poolSerial: 0 } });
  expect(giveOut(answered, [7]).given).toEqual([]);
  const [ready] = pools.hear(answered, 7, 'READY\n', at(0));
  expect(giveOut(ready, [7]).given).toEqual(['7:1']);
});

test('a rejected event is the next again, under its numbers, after a pause that grows', () => {
  const pauses: number[] = [];
  let { pool: made } = giveOut(pool([7], 2), [7]);
  for (let now = 0, round = 0; round < 12; round += 1) {
    const [rejected, heard] = pools.hear(made, 7, 'RESULT 4\nFAILREADY\n', at(now));
    expect(heard).toMatchObject({ is: 'rejected', said: '"FAIL"', event: { serial: 100, poolSerial: 0 } });
    expect(giveOut(rejected, [7], rejected.notBefore - 1).given).toEqual([]);
    pauses.push(rejected.notBefore - now);
    now = rejected.notBefore;
    const again = giveOut(rejected, [7], now);
    expect(again.given).toEqual(['7:0']);
    made = again.pool;
  }
  expect(pauses.slice(0, 3)).toEqual([10, 20, 40]);
  expect(pauses.at(-1)).toBe(5_000);
  const [answered] = pools.hear(made, 7, 'RESULT 2\nOK', at(1e6));
  expect(answered.rejections).toBe(0);
});

test('what makes way for a rejected event is the oldest of the others', () => {
  const { pool: sent } = giveOut(pool([7], 1), [7]);
  const [rejected] = pools.hear(accept(sent, 3), 7, 'RESULT 4\nFAIL', at(0));
  expect(waiting(rejected)).toEqual([0, 2, 3]);
  expect(rejected.discarded).toBe(1);
});

test('who dies, breaks the protocol or is deaf gives its event to the next one', () => {
  const { pool: sent } = giveOut(pool([7, 8], 1), [7]);
  expect(giveOut(pools.leave(sent, 7, room), [7, 8]).given).toEqual(['8:0']);
  const deaf = pools.deafen(sent, 7, 'it is deaf', room);
  expect(deaf.conversations.get(7)).toEqual({ is: 'UNKNOWN', why: 'it is deaf' });
  expect(giveOut(deaf, [7, 8]).given).toEqual(['8:0']);
  const [broken] = pools.hear(sent, 7, 'nonsense\n', at(0));
  expect(giveOut(broken, [7, 8]).given).toEqual(['8:0']);
});

test('who leaves without an event leaves nothing behind', () => {
  const left = pools.leave(pool([7], 0), 7, room);
  expect([left.conversations.size, left.waiting]).toEqual([0, []]);
  expect(pools.hear(left, 7, 'READY\n', at(0))).toEqual([left]);
});

test('100,000 events cost no more memory than those that wait, and large ones less', () => {
  expect(waiting(accept(pools.newPool(), 100_000))).toEqual([99_997, 99_998, 99_999]);
  let large = pools.newPool();
  for (let serial = 0; serial < 100; serial += 1)
    large = pools.accept(large, { name: 'REMOTE_COMMUNICATION', payload: 'x'.repeat(250_000), serial }, 10_000);
  expect(large.waiting.length).toBe(67);
  expect(large.chars).toBe(67 * 250_000);
});

test('an event is written as supervisord writes it, its length in characters', () => {
  const event = { name: 'REMOTE_COMMUNICATION', payload: 'type:é\n😀', serial: 21, poolSerial: 10 } as const;
  expect(envelope(event, 'listener')).toBe(
    'ver:3.0 server:portherd serial:21 pool:listener poolserial:10 eventname:REMOTE_COMMUNICATION len:8\ntype:é\n😀',
  );
});
