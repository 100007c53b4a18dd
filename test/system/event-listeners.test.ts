import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readNotes } from '../harness/event-scene.ts';
import { callRpc } from '../harness/rpc-client.ts';
import { supervisorctl, supervisordRefusal } from '../harness/supervisord.ts';
import { SupervisordPair } from '../harness/supervisord-pair.ts';
import { until } from '../harness/until.ts';

/** The same listeners, made with Debian's supervisor.childutils, under supervisord and under portherd: what both tell them. */
const refusal = await supervisordRefusal();
if (refusal !== undefined) console.warn(`event listeners are not compared: ${refusal}`);

const script = join(import.meta.dirname, '../fixtures/childutils-listener.py');
// Debian’s own Python has Debian’s package.
const listener = { command: `/usr/bin/python3 ${script}`, workers: 1, autostart: true, retries: 3 };
const talk = `sh -c 'sleep 3; echo hellö; echo "<!--XSUPERVISOR:BEGIN-->in < side<!--XSUPERVISOR:END-->"; echo good bye to all of you, and to the others; exec sleep 1000'`;
const ofEverything = ['PROCESS_STATE', 'PROCESS_GROUP', 'SUPERVISOR_STATE_CHANGE', 'REMOTE_COMMUNICATION'];

test.skipIf(refusal !== undefined)('listeners are told the same by both', { timeout: 180_000 }, async () => {
  await using pair = await SupervisordPair.start([
    { name: 'watch', ...listener, command: `${listener.command} stays`, events: ofEverything },
    { name: 'healer', ...listener, command: `${listener.command} heals`, events: ['REMOTE_COMMUNICATION'] },
    { name: 'reader', ...listener, events: ['PROCESS_LOG', 'PROCESS_COMMUNICATION'] },
    { name: 'talks', command: talk, workers: 1, autostart: true, told: true },
    { name: 'web', command: 'sleep 1000', workers: 2, autostart: true, retries: 3 },
    { name: 'brief', command: 'sleep 3', workers: 1, autostart: false },
    { name: 'quits', command: "sh -c 'exit 3'", workers: 1, autostart: false, startSecs: 10 },
  ]);
  await pair.settled();
  await Promise.all(pair.sockets.map(go));
  const [theirs = new Map(), ours = new Map()] = pair.sockets.map(told);
  expect(theirs.get('web:1')?.length).toBe(5);

  // A crash: portherd pauses before it starts the process again, and says so.
  const crash = ours.get('web:1')?.join('\n') ?? '';
  expect(crash).toContain(`${paused}\n`);
  ours.set('web:1', crash.replace(paused, again).split('\n'));
  expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(theirs));

  const [before, after] = pair.sockets.map((socket) => ordered(socket, 'healer', /^REMOTE_COMMUNICATION$/));
  expect(after?.map(healing)).toEqual(before?.map(healing));
  expect(after?.flatMap(({ healed }) => healed ?? [])).toEqual(['web:0', 'RUNNING']);
  expect(heardOf(pair.sockets[1])).toEqual(heardOf(pair.sockets[0]));
  expect(heardOf(pair.sockets[1])['PROCESS_COMMUNICATION_STDOUT']).toBe('in < side');

  const [keys, others] = pair.sockets.map((socket) =>
    notes(socket, 'watch').map(({ headers = {} }) => Object.keys(headers).join(' ')),
  );
  expect(new Set(others)).toEqual(new Set(keys));
});

const paused = [
  'PROCESS_STATE_BACKOFF from_state:EXITED tries:1',
  'PROCESS_STATE_STARTING from_state:BACKOFF tries:1',
].join('\n');
const again = 'PROCESS_STATE_STARTING from_state:EXITED tries:0';

async function go(socket: string): Promise<void> {
  const ctl = async (...args: readonly string[]) => supervisorctl(socket, ...args);
  const state = async (name: string, word: string) => {
    const look = async () => (await ctl('status', name)).stdout.includes(word);
    await until(look, { what: `${name} behind ${socket} to be ${word}`, deadline });
  };
  await ctl('stop', 'web:0');
  await ctl('start', 'web:0');
  await ctl('restart', 'web:0');
  await ctl('signal', 'KILL', 'web:1');
  const runs = async (times: number, what: string) => {
    const look = (): boolean =>
      lines(socket).filter((line) => line.includes('STATE_RUNNING') && line.includes('groupname:web')).length === times;
    await until(look, { what: `${what} behind ${socket}`, deadline, explain: () => lines(socket) });
  };
  await runs(5, 'web:1 to run again');
  await ctl('start', 'brief:0');
  await state('brief:0', 'EXITED');
  expect((await ctl('start', 'quits:0')).exitCode).toBe(7);
  await ctl('remove', 'brief');
  await ctl('add', 'brief');
  for (const [type, data] of [
    ['note', 'a b:c\nd'],
    ['', ''],
    ['heal', 'web:0'],
  ] as const)
    expect(await callRpc(socket, 'supervisor.sendRemoteCommEvent', type, data)).toMatchObject({ fault: undefined });
  await until(() => notes(socket, 'healer').some(({ healed }) => healed !== undefined), {
    what: `web:0 behind ${socket} to be healed`,
    deadline,
    explain: () => notes(socket, 'healer'),
  });
  // A shutdown does not wait until everybody has been told what came before it.
  await runs(6, 'the healing to be told');
  await until(() => notes(socket, 'reader').some(({ payload }) => payload?.includes('and to the others')), {
    what: `the good bye behind ${socket}`,
    deadline,
    explain: () => notes(socket, 'reader'),
  });
  await ctl('shutdown');
  const last = (): boolean => lines(socket).some((line) => line.includes('STATE_CHANGE_STOPPING'));
  await until(last, { what: 'the last event', deadline, explain: () => lines(socket) });
}

/** ms; the pair and its listeners are a dozen Pythons and shells, on two cores perhaps. */
const deadline = 60_000;

interface Note {
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: string;
  readonly found?: readonly [name: string, state: string, pid: number];
  readonly healed?: readonly string[];
}

function notes(socket: string, group: string): readonly Note[] {
  return readNotes(join(dirname(socket), `${group}.json`));
}

/**
 * Without what supervisord gives to a wrong pool: an event that was not answered goes back to all pools whose processes have the priority
 * of the one that had it, since that is all that its processes are compared by (process.py, handle_rejected and __eq__).
 */
function ordered(socket: string, group: string, kind: RegExp): readonly Note[] {
  return notes(socket, group).filter(({ headers }) => headers === undefined || kind.test(`${headers['eventname']}`));
}

function lines(socket: string): readonly string[] {
  return notes(socket, 'watch').map(({ headers, payload }) => `${headers?.['eventname']} ${payload}`);
}

/** By process, or of the daemon: in their order, until the shutdown, without pids. */
function told(socket: string): Map<string, string[]> {
  const all = lines(socket);
  const [begin, end] = ['RUNNING', 'STOPPING'].map((what) => all.indexOf(`SUPERVISOR_STATE_CHANGE_${what} `));
  // Groups in the order of their priority and of the file here, by kind and name there; and no listener hears of those before itself.
  const groups = all.slice(0, begin).filter((line) => !/groupname:(watch|healer|reader)/.test(line));
  const told = [...groups.toSorted(), ...all.slice(begin, (end ?? 0) + 1)].map((line): [string, string] => {
    const [, slot, group] = /processname:(\S+) groupname:(\S+)/.exec(line) ?? [];
    const rest = line.replace(/processname:\S+ groupname:\S+ /, '').replace(/pid:[1-9]\d*/, 'pid:N');
    return [group === undefined ? 'daemon' : `${group}:${slot}`, rest];
  });
  const subjects = Map.groupBy(told, ([subject]) => subject);
  return new Map([...subjects].map(([subject, pairs]) => [subject, pairs.map(([, line]) => line)]));
}

/** By name, what was told of standard output, in however many pieces. */
function heardOf(socket = ''): Readonly<Record<string, string>> {
  const heard: Record<string, string> = {};
  for (const { headers = {}, payload = '' } of ordered(socket, 'reader', /^PROCESS_(LOG|COMMUNICATION)/)) {
    const [head = '', ...data] = payload.split('\n');
    const name = `${headers['eventname']}`;
    expect(head).toMatch(/^processname:0 groupname:talks pid:[1-9]\d*( channel:stdout)?$/);
    heard[name] = (heard[name] ?? '') + data.join('\n');
  }
  return heard;
}

function healing({ headers, payload, found, healed }: Note): unknown {
  return [headers?.['eventname'], payload, found?.slice(0, 2), healed];
}
