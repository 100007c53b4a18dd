import { expect, test } from 'vitest';
import {
  type Beat,
  encodeFrame,
  FrameReader,
  type SupervisorFrame,
  type WorkerFrame,
} from '../../src/protocol/channel.ts';
import { parseListenPlan, parseSupervisorFrame, parseWorkerFrame } from '../../src/protocol/channel-parse.ts';
import { channelFrameBytesMax } from '../../src/shared/limits.ts';

const beat: Beat = {
  t: 'beat',
  open: 1,
  total: 2,
  requests: 3,
  inFlight: 1,
  closedIdle: 0,
  closedHard: 0,
  shedding: 1,
  shed: 4,
  lagMs: 12,
  elu: 0.25,
};

const workerFrames: readonly WorkerFrame[] = [
  { t: 'hello', v: 1, token: 'abc', pid: 4_194_304, node: 'v22.12.0' },
  { t: 'listening', port: 65_535, host: '::', adopted: false },
  { t: 'ready' },
  { t: 'strayed', port: 1, why: 'copies spent' },
  beat,
  { t: 'drained' },
];

const supervisorFrames: readonly SupervisorFrame[] = [
  { t: 'welcome' },
  { t: 'refused', why: 'unknown token' },
  { t: 'report' },
  { t: 'drain', idleMs: 0, totalMs: 30_000 },
  { t: 'shed', count: 16 },
];

test('every frame survives the wire, cut into single characters', () => {
  const reader = new FrameReader();
  const wire = [...workerFrames, ...supervisorFrames].map(encodeFrame).join('');
  const frames = wire.split('').flatMap((character) => reader.push(character) ?? expect.fail('a frame was refused'));
  expect(frames.slice(0, workerFrames.length).map(parseWorkerFrame)).toEqual(workerFrames);
  expect(frames.slice(workerFrames.length).map(parseSupervisorFrame)).toEqual(supervisorFrames);
});

test('a reader refuses a line that is too long, finished or not, and takes one that just fits', () => {
  const fits = `"${'x'.repeat(channelFrameBytesMax - 2)}"`;
  expect(new FrameReader().push(`${fits}\n`)).toEqual([JSON.parse(fits)]);
  expect(new FrameReader().push(`${fits} \n`)).toBeUndefined();
  expect(new FrameReader().push(`${fits} `)).toBeUndefined();
  const reader = new FrameReader();
  expect(reader.push(fits)).toEqual([]);
  expect(reader.push(' ')).toBeUndefined();
});

test.for(['{', 'hello', '', '\u0000', '{"t":"ready"}}'])('a reader refuses the line %j', (line) => {
  expect(new FrameReader().push(`${line}\n`)).toBeUndefined();
});

test.for<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['a list', [{ t: 'ready' }]],
  ['text', 'ready'],
  ['no kind', {}],
  ['an unknown kind', { t: 'exit' }],
  ['a kind of the other side', { t: 'drain', idleMs: 1, totalMs: 1 }],
  ['a name that every object has', { t: 'constructor' }],
  ['a hello without a token', { t: 'hello', v: 1, pid: 1, node: 'v24' }],
  ['an endless token', { t: 'hello', v: 1, token: 'x'.repeat(2_000), pid: 1, node: 'v24' }],
  ['pid 0', { t: 'hello', v: 1, token: 'a', pid: 0, node: 'v24' }],
  ['a pid beyond the kernel’s', { t: 'hello', v: 1, token: 'a', pid: 4_194_305, node: 'v24' }],
  ['port 0', { t: 'listening', port: 0, host: '::', adopted: true }],
  ['port 65536', { t: 'listening', port: 65_536, host: '::', adopted: true }],
  ['a port in words', { t: 'listening', port: '80', host: '::', adopted: true }],
  ['a maybe', { t: 'listening', port: 80, host: '::', adopted: 'yes' }],
  ['a negative count', { ...beat, open: -1 }],
  ['half a connection', { ...beat, open: 0.5 }],
  ['a count beyond counting', { ...beat, total: 1e300 }],
  ['a missing count', { ...beat, closedHard: undefined }],
  ['half a millisecond', { ...beat, lagMs: 0.5 }],
  ['more than all of a core', { ...beat, elu: 1.01 }],
  ['a share in words', { ...beat, elu: '0.5' }],
])('the supervisor takes %s for no frame', ([, value]) => {
  expect(parseWorkerFrame(value)).toBeUndefined();
});

test.for<[string, unknown]>([
  ['null', null],
  ['an unknown kind', { t: 'exit' }],
  ['a kind of the other side', { t: 'ready' }],
  ['a drain in the past', { t: 'drain', idleMs: -1, totalMs: 1 }],
  ['a drain for ever', { t: 'drain', idleMs: 1, totalMs: Number.POSITIVE_INFINITY }],
  ['a refusal without a reason', { t: 'refused' }],
  ['a shed of nobody knows how many', { t: 'shed' }],
  ['a shed of half a connection', { t: 'shed', count: 0.5 }],
  ['a shed of less than none', { t: 'shed', count: -1 }],
])('a worker takes %s for no frame', ([, value]) => {
  expect(parseSupervisorFrame(value)).toBeUndefined();
});

test('a newer end may say more than this one understands', () => {
  expect(parseWorkerFrame({ ...beat, mood: 'good' })).toEqual(beat);
  expect(parseSupervisorFrame({ t: 'welcome', version: '9' })).toEqual({ t: 'welcome' });
});

const plan = {
  bind: 'slot',
  readiness: 'listening',
  ports: [{ host: '::', port: 80, backlog: 511, fds: [200, 201], inode: 7 }],
} as const;

test('a listen plan survives the environment', () => {
  expect(parseListenPlan(JSON.stringify(plan))).toEqual(plan);
});

test.for<[string, string]>([
  ['no JSON', 'slot'],
  ['a number', '1'],
  ['an unknown bind', JSON.stringify({ ...plan, bind: 'both' })],
  ['an unknown readiness', JSON.stringify({ ...plan, readiness: 'soon' })],
  ['no ports', JSON.stringify({ ...plan, ports: undefined })],
  ['a port without a number', JSON.stringify({ ...plan, ports: [{ ...plan.ports[0], port: null }] })],
  ['a descriptor in words', JSON.stringify({ ...plan, ports: [...plan.ports, { ...plan.ports[0], fds: ['200'] }] })],
])('%s is no listen plan', ([, json]) => {
  expect(parseListenPlan(json)).toBeUndefined();
});
