import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { listenerScript, type Noted, readNotes } from '../../harness/event-scene.ts';
import { callRpc } from '../../harness/rpc-client.ts';
import { until } from '../../harness/until.ts';

/** Event listeners under the daemon: as programs, over its death, its reload and its shutdown. */

function listener(name: string, subscribe: readonly string[], more = {}) {
  // Relative to the daemon's own directory, which is also where its config is.
  return {
    command: ['python3', listenerScript, `${name}.json`],
    workers: 1,
    listen: [],
    roll: { minReady: '0s' },
    directory: '.',
    events: { subscribe, buffer: 100 },
    ...more,
  };
}

const tagged = '<!--XSUPERVISOR:BEGIN-->what it says<!--XSUPERVISOR:END-->';
const talk = `sleep 2; echo quiet; echo loud >&2; printf %s "${tagged}"; exec sleep 1000`;
const app = { command: 'sleep 1000', workers: 2, listen: [], roll: { minReady: '0s' } };

function notes(daemon: Daemon, name: string): readonly Noted[] {
  return readNotes(`${daemon.directory}/${name}.json`);
}

function told(daemon: Daemon, name: string): readonly string[] {
  return notes(daemon, name).flatMap(({ headers, payload = '' }) =>
    headers === undefined ? [] : `${headers['eventname']} ${payload}`,
  );
}

async function untilTold(daemon: Daemon, name: string, what: string, times = 1): Promise<void> {
  const count = () => told(daemon, name).filter((one) => one.startsWith(what)).length >= times;
  await until(count, { what: `${name} to be told ${what}`, explain: () => told(daemon, name) });
}

test('listeners are told, outlast nothing, and come back after a SIGKILL and a reload; nobody else is touched', async () => {
  await using daemon = await startDaemon({
    programs: {
      crash: listener('crash', ['PROCESS_STATE_EXITED']),
      witness: listener(
        'witness',
        ['SUPERVISOR_STATE_CHANGE', 'PROCESS_GROUP', 'REMOTE_COMMUNICATION', 'PROCESS_STATE'],
        {
          workers: 1,
        },
      ),
      ticks: listener('ticks', ['TICK_5']),
      heard: listener('heard', ['PROCESS_LOG', 'PROCESS_COMMUNICATION']),
      app,
      talks: { ...app, command: `sh -c '${talk}'`, workers: 1, logs: { events: ['stderr'], capture: '1KB' } },
    },
  });
  const listening = async () =>
    (await daemon.status()).programs.map(({ name, slots }) => `${name} ${slots[0]?.listener}`);
  const all = 'crash READY, witness READY, ticks READY, heard READY, app undefined, talks undefined';
  await until(async () => (await listening()).join(', ') === all, { what: 'all listeners to be READY' });
  expect((await daemon.ctl('status', '-v')).stdout).toMatch(
    /crash: no port; .*; 0 events wait, 0 thrown away[^]*event listener READY/,
  );

  // As supervisord begins: groups (from its own on), then itself, then processes.
  await untilTold(daemon, 'witness', 'PROCESS_STATE_RUNNING', 5);
  expect(told(daemon, 'witness').slice(0, 8)).toEqual([
    'PROCESS_GROUP_ADDED groupname:witness\n',
    'PROCESS_GROUP_ADDED groupname:ticks\n',
    'PROCESS_GROUP_ADDED groupname:heard\n',
    'PROCESS_GROUP_ADDED groupname:app\n',
    'PROCESS_GROUP_ADDED groupname:talks\n',
    'SUPERVISOR_STATE_CHANGE_RUNNING ',
    'PROCESS_STATE_STARTING processname:0 groupname:crash from_state:STOPPED tries:0',
    'PROCESS_STATE_STARTING processname:0 groupname:witness from_state:STOPPED tries:0',
  ]);

  const [first = 0] = await daemon.pids('app');
  process.kill(first, 'SIGKILL');
  await untilTold(
    daemon,
    'crash',
    `PROCESS_STATE_EXITED processname:0 groupname:app from_state:RUNNING expected:0 pid:${first}`,
  );
  expect(await callRpc(daemon.socket, 'supervisor.sendRemoteCommEvent', 'hello', 'wörld\n😀')).toMatchObject({
    fault: undefined,
  });
  await untilTold(daemon, 'witness', 'REMOTE_COMMUNICATION type:hello\nwörld\n😀');
  await untilTold(daemon, 'ticks', 'TICK_5 when:');
  await daemon.waitUntil('ready');
  const [talking = 0] = await daemon.pids('talks');
  const who = `processname:0 groupname:talks pid:${talking}`;
  await untilTold(daemon, 'heard', 'PROCESS_COMMUNICATION_STDOUT');
  await untilTold(daemon, 'heard', 'PROCESS_LOG_STDERR');
  expect(told(daemon, 'heard').toSorted()).toEqual([
    `PROCESS_COMMUNICATION_STDOUT ${who}\nwhat it says`,
    `PROCESS_LOG_STDERR ${who} channel:stderr\nloud\n`,
  ]);

  // A roll is no crash.
  const old = await daemon.pids('app');
  expect((await daemon.ctl('roll', 'app')).exitCode).toBe(0);
  for (const [slot, pid] of (await daemon.pids('app')).entries())
    await untilTold(
      daemon,
      'witness',
      `PROCESS_STATE_RUNNING processname:${slot} groupname:app from_state:RUNNING pid:${pid}`,
    );
  expect(told(daemon, 'crash').length).toBe(1);
  expect(old).not.toEqual(await daemon.pids('app'));

  for (const step of ['SIGKILL', 'reload'] as const) {
    const served = await daemon.pids('app');
    const former = [...(await daemon.pids('crash')), ...(await daemon.pids('witness'))];
    if (step === 'SIGKILL') await daemon.succeed();
    else expect((await daemon.ctl('reload')).exitCode).toBe(0);
    await daemon.waitUntil('ready');
    expect(await daemon.pids('app'), step).toEqual(served);
    const now = [...(await daemon.pids('crash')), ...(await daemon.pids('witness'))];
    expect(
      now.filter((pid) => former.includes(pid)),
      step,
    ).toEqual([]);
    expect(notes(daemon, 'witness').findLast(({ end }) => end === true)?.pid, step).toBe(former[1]);
    await untilTold(daemon, 'witness', 'SUPERVISOR_STATE_CHANGE_RUNNING', step === 'SIGKILL' ? 2 : 3);
    const [pid = 0] = served;
    process.kill(pid, 'SIGKILL');
    await untilTold(
      daemon,
      'crash',
      `PROCESS_STATE_EXITED processname:0 groupname:app from_state:RUNNING expected:0 pid:${pid}`,
    );
    await daemon.waitUntil('ready');
  }
  // Their own end by the end of their input was no crash.
  expect(told(daemon, 'crash').filter((one) => !one.includes('groupname:app'))).toEqual([]);

  await daemon.rewrite({ programs: { witness: listener('witness', ['EVENT']), app: { ...app, workers: 1 } } });
  expect((await daemon.ctl('update')).exitCode).toBe(0);
  await daemon.waitUntil('ready');
  await untilTold(daemon, 'witness', 'PROCESS_GROUP_REMOVED groupname:crash\n');
  await untilTold(daemon, 'witness', 'PROCESS_STATE_STOPPED processname:1 groupname:app from_state:STOPPING pid:');

  // It hears the end, and is the last to go.
  const directory = daemon.directory;
  const path = `${directory}/witness.json`;
  daemon.kill('SIGTERM');
  await daemon.exited;
  const last = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-3);
  const payloads = last
    .map((line) => JSON.parse(line))
    .map(({ headers, payload }) => `${headers.eventname} ${payload}`);
  expect(payloads).toEqual([
    'SUPERVISOR_STATE_CHANGE_STOPPING ',
    expect.stringMatching(/^PROCESS_STATE_STOPPING processname:0 groupname:app /),
    expect.stringMatching(/^PROCESS_STATE_STOPPED processname:0 groupname:app /),
  ]);
});

test('a listener that has broken the protocol is told of, and a restart mends it', async () => {
  await using daemon = await startDaemon({
    programs: {
      bad: listener('bad', ['EVENT'], { command: ['python3', listenerScript, 'bad.json', 'prints'] }),
    },
  });
  await daemon.waitForLog('listenerUnknown', ({ program }) => program === 'bad');
  const state = async () => (await daemon.status()).programs[0]?.slots[0];
  expect(await state()).toMatchObject({ state: 'RUNNING', listener: 'UNKNOWN' });
  await daemon.rewrite({ programs: { bad: listener('bad', ['EVENT']) } });
  // A roll: the next one begins a conversation of its own, beside the old one.
  expect((await daemon.ctl('update')).exitCode).toBe(0);
  await until(async () => (await state())?.listener === 'READY', { what: 'the new listener to be READY' });
  await untilTold(daemon, 'bad', 'PROCESS_STATE_RUNNING processname:0 groupname:bad from_state:RUNNING');
});
