import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { remoteNews } from '../../../src/core/event-payloads.ts';
import { EventScene, readNotes } from '../../harness/event-scene.ts';
import { until } from '../../harness/until.ts';

const news = (data: string) => remoteNews('t', data);

async function stateOf(scene: EventScene, handle: number, state: string): Promise<void> {
  const look = () => scene.desk.stateOf(handle) === state;
  await until(look, { what: `listener ${handle} to be ${state}`, explain: () => scene.desk.stateOf(handle) });
}

test('a listener is told what happens, in order, and what it says is in its log', async () => {
  await using scene = new EventScene(10);
  const good = scene.add('good');
  for (const data of ['one', 'zwö 😀', '', 'x'.repeat(200_000)]) scene.desk.publish(news(data));
  await until(() => scene.told(good).length === 4, { what: 'four events' });
  expect(scene.told(good)).toEqual(['type:t\none', 'type:t\nzwö 😀', 'type:t\n', `type:t\n${'x'.repeat(200_000)}`]);
  const [first] = readNotes(scene.file(good));
  expect(first?.headers).toEqual({
    ver: '3.0',
    server: 'portherd',
    serial: '0',
    pool: 'watch',
    poolserial: '0',
    eventname: 'REMOTE_COMMUNICATION',
    len: '10',
  });
  const log = 'READY\n' + 'RESULT 2\nOKREADY\n'.repeat(4);
  await until(() => statSync(join(scene.directory, '1.log')).size === log.length, { what: 'the whole log' });
  expect(scene.logged).toEqual([]);
});

test.each([
  ['prints', 'READY was due'],
  ['chats', 'it said "hello'],
  ['nonsense', 'RESULT was due'],
  ['giant', 'its result has 99999999999 bytes'],
  ['endless', 'RESULT was due'],
  ['floods', 'READY was due'],
  ['closes', 'it has closed its standard input'],
])('one that %s is UNKNOWN, costs no event, and the next one gets it', async (habit, why) => {
  await using scene = new EventScene(10);
  const bad = scene.add(habit);
  // Each of them is READY once, but for those that break in before.
  if (['nonsense', 'giant', 'endless', 'closes'].includes(habit)) await stateOf(scene, bad, 'READY');
  if (habit === 'closes') await until(() => !readable(scene, bad), { what: 'its standard input to be closed' });
  scene.desk.publish(news('a'));
  await stateOf(scene, bad, 'UNKNOWN');
  const good = scene.add('good');
  scene.desk.publish(news('b'));
  await until(() => scene.told(good).length === 2, { what: 'both events' });
  expect(scene.told(good)).toEqual(['type:t\na', 'type:t\nb']);
  const told = scene.logged.filter(({ event }) => event === 'listenerUnknown');
  expect(told).toEqual([expect.objectContaining({ program: 'watch', slot: 0, why: expect.stringContaining(why) })]);
});

/** Whether anybody holds the other end of the listener’s standard input. */
function readable(scene: EventScene, handle: number): boolean {
  const pid = scene.children[handle - 1]?.pid ?? 0;
  return statSync(`/proc/${pid}/fd/0`, { throwIfNoEntry: false }) !== undefined;
}

test('one that dies over an event, or rejects it, gives it back', async () => {
  await using scene = new EventScene(10);
  const dying = scene.add('dies');
  await stateOf(scene, dying, 'READY');
  scene.desk.publish(news('a'));
  await until(() => scene.desk.stateOf(dying) === undefined, { what: 'its end' });
  const failing = scene.add('fails');
  await until(() => scene.told(failing).length === 2, { what: 'the event, twice' });
  expect([scene.told(dying), scene.told(failing)]).toEqual([['type:t\na'], ['type:t\na', 'type:t\na']]);
  const serials = [dying, failing].flatMap((one) =>
    readNotes(scene.file(one)).map(({ headers }) => headers?.['serial']),
  );
  expect(serials).toEqual(['0', '0', '0']);
  expect(scene.logged).toMatchObject([{ event: 'eventRejected', said: '"FAIL"', count: 1 }]);
});

test('an answer that comes with the end counts', async () => {
  await using scene = new EventScene(10);
  const brief = scene.add('lastWords');
  await stateOf(scene, brief, 'READY');
  scene.desk.publish(news('a'));
  await until(() => scene.desk.stateOf(brief) === undefined, { what: 'its end, though its child lives' });
  expect([scene.told(brief), scene.desk.poolOf('watch')]).toMatchObject([['type:t\na'], { waiting: [], discarded: 0 }]);
});

test('one that never reads holds one event, and nobody else up', async () => {
  await using scene = new EventScene(3);
  const deaf = scene.add('deaf');
  await stateOf(scene, deaf, 'READY');
  for (const data of ['a', 'b', 'c', 'd', 'e']) scene.desk.publish(news(data + 'x'.repeat(1_000_000)));
  expect(scene.desk.poolOf('watch')).toMatchObject({ waiting: { length: 3 }, discarded: 1 });
  expect(scene.logged).toMatchObject([{ event: 'eventsDiscarded', program: 'watch', count: 1 }]);
  const good = scene.add('good');
  await until(() => scene.told(good).length === 3, { what: 'the last three' });
  expect(scene.told(good).map((payload) => payload[7])).toEqual(['c', 'd', 'e']);
});

test('100,000 events at once leave memory as it is, one line in the log, and the last ones to the listener', async () => {
  await using scene = new EventScene(100);
  const slow = scene.add('slow');
  await stateOf(scene, slow, 'READY');
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const since = performance.now();
  for (let count = 0; count < 100_000; count += 1) scene.desk.publish(news(`${count} ${'x'.repeat(1_000)}`));
  const tookMs = performance.now() - since;
  const grown = (process.memoryUsage().rss - before) / 1024 ** 2;
  console.info(`100,000 events: ${tookMs.toFixed(0)} ms, ${grown.toFixed(0)} MB more`);
  expect(grown).toBeLessThan(100);
  expect(scene.logged.length).toBe(1);
  expect(scene.desk.poolOf('watch')).toMatchObject({ waiting: { length: 100 }, discarded: 99_899 });
  await until(() => scene.told(slow).length >= 5, { what: 'some of them' });
  const numbers = scene.told(slow).map((payload) => Number(/\d+/.exec(payload)));
  expect(numbers.slice(0, 5)).toEqual([0, 99_900, 99_901, 99_902, 99_903]);
});

test('a listener that floods costs a bounded part of the time', async () => {
  await using scene = new EventScene(10);
  const flooding = scene.add('floods');
  await stateOf(scene, flooding, 'UNKNOWN');
  const log = join(scene.directory, '1.log');
  const before = await until(() => statSync(log).size || undefined, { what: 'the log' });
  const since = performance.now();
  await until(() => statSync(log).size > before + 2.5 * 1024 ** 2, { what: 'two and a half megabytes more' });
  // A megabyte a second: the end of one second, a whole one, and the beginning of the next.
  expect(performance.now() - since).toBeGreaterThan(900);
});

test('a full disk costs its log, and is told once; it is heard all the same', async () => {
  await using scene = new EventScene(10);
  const good = scene.add('good', '/dev/full');
  for (const data of ['a', 'b', 'c']) scene.desk.publish(news(data));
  await until(() => scene.told(good).length === 3, { what: 'three events' });
  await until(() => scene.logged.length > 0, { what: 'a line in the log' });
  expect(scene.logged).toMatchObject([
    { event: 'listenerLogLost', path: '/dev/full', why: expect.stringContaining('ENOSPC') },
  ]);
});

test('one that is frozen over an event keeps nobody else waiting, and goes on when it is thawed', async () => {
  await using scene = new EventScene(10);
  const frozen = scene.add('good');
  await stateOf(scene, frozen, 'READY');
  scene.children[0]?.kill('SIGSTOP');
  const other = scene.add('good');
  await stateOf(scene, other, 'READY');
  for (const data of ['a', 'b', 'c']) scene.desk.publish(news(data));
  await until(() => scene.told(other).length === 2, { what: 'the other one to be told' });
  expect(scene.desk.stateOf(frozen)).toBe('BUSY');
  scene.children[0]?.kill('SIGCONT');
  await stateOf(scene, frozen, 'READY');
  expect([scene.told(frozen), scene.told(other)]).toEqual([['type:t\na'], ['type:t\nb', 'type:t\nc']]);
});
