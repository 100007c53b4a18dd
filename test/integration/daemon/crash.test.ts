import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startDaemon } from '../../harness/daemon.ts';
import { getText } from '../../harness/get-text.ts';
import { answering, isAlive, outcome, puppet, slotsOf, untilStates, zombiesOf } from '../../harness/puppet.ts';
import { until } from '../../harness/until.ts';

/** Workers that die, and what their clients see of it. */

const noBackoff = { backoff: { initial: '50ms', max: '50ms', jitter: 0 } };

test('what waited in the queue of a killed worker is answered by the next one', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 1, ...noBackoff }) } });
  const [victim = 0] = await daemon.pids('web');
  process.kill(victim, 'SIGSTOP');
  const waiting = Array.from({ length: 20 }, () => getText(daemon.port()));
  await until(async () => (await daemon.ctl('connections', '--json')).json().programs[0].slots[0].queue === 20, {
    what: 'twenty connections to wait',
  });
  process.kill(victim, 'SIGKILL');
  const answers = await Promise.all(waiting);
  // It serves as soon as it listens; the daemon hears of that a moment later.
  await untilStates(daemon, ['RUNNING']);
  const [heir = 0] = await daemon.pids('web');
  expect(heir).not.toBe(victim);
  expect(new Set(answers)).toEqual(new Set([`r0 ${heir}`]));
  expect((await slotsOf(daemon))[0]).toMatchObject({ state: 'RUNNING', restarts: 1, generation: 1 });
  expect(zombiesOf(daemon.pid)).toEqual([]);
});

test('a crash loop pauses longer each time and ends in FATAL, also when each life outlasts its readiness', async () => {
  const loop = { workers: 1, startRetries: 3, backoff: { initial: '50ms', max: '150ms', factor: 2, jitter: 0 } };
  await using daemon = await startDaemon({ programs: { web: puppet(loop, { LIVE_MS: '800' }) }, wait: 'answers' });
  const fatal = await daemon.waitForLog('fatal');
  expect(fatal).toMatchObject({ program: 'web', slot: 0, why: 'exit status 9' });
  const delays = daemon.log.filter(({ event }) => event === 'backoff').map(({ delayMs }) => delayMs);
  expect(delays).toEqual([50, 100, 150]);
  expect(daemon.log.filter(({ event }) => event === 'ready')).toHaveLength(4);
  expect(await outcome(getText(daemon.port()))).toBe('ECONNREFUSED');
  const status = await daemon.ctl('status');
  expect(status).toMatchObject({ exitCode: 3, stdout: `${'web:0'.padEnd(33)}FATAL     exit status 9\n` });
  expect(daemon.processes()).toHaveLength(1);
});

test('a healthy life makes earlier failures forgotten', async () => {
  const loop = {
    workers: 1,
    startRetries: 1,
    backoff: { initial: '50ms', max: '50ms', jitter: 0, resetAfter: '100ms' },
  };
  // The daemon may hear late that it is ready, and in time that it has ended: its life is then that much shorter.
  await using daemon = await startDaemon({ programs: { web: puppet(loop, { LIVE_MS: '1000' }) }, wait: 'answers' });
  const lives = (): number => daemon.log.filter(({ event }) => event === 'ready').length;
  await until(() => lives() === 5, { what: 'five lives' });
  expect(daemon.log.filter(({ event }) => event === 'backoff').every(({ failures }) => failures === 1)).toBe(true);
});

test('one FATAL slot takes no client with it, and comes back when its cause is mended', async () => {
  const flags = await mkdtemp(join(tmpdir(), 'portherd-flags-'));
  try {
    await using daemon = await startDaemon({ programs: { web: puppet({ startRetries: 0 }, { FLAGS: flags }) } });
    await writeFile(join(flags, 'broken-1'), '');
    const [first = 0, second = 0] = await daemon.pids('web');
    process.kill(second, 'SIGSTOP');
    const waiting = Array.from({ length: 16 }, () => outcome(getText(daemon.port())));
    process.kill(second, 'SIGKILL');
    await untilStates(daemon, ['RUNNING', 'FATAL']);
    // Nobody hangs: an answer of the other slot, or a reset for who waited in the queue of the one that is given up.
    for (const answer of await Promise.all(waiting)) expect(answer).toMatch(/^(r0 \d+|ECONNRESET)$/);
    expect(await answering(daemon)).toEqual(new Set([first]));
    await rm(join(flags, 'broken-1'));
    expect(await daemon.ctl('start', 'web')).toMatchObject({ exitCode: 0, stdout: 'web:1: started\n' });
    expect((await answering(daemon)).size).toBe(2);
  } finally {
    await rm(flags, { recursive: true });
  }
});

test('a slot that may stay down lets nobody wait in its queue', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ autorestart: false }) } });
  const [first = 0, second = 0] = await daemon.pids('web');
  process.kill(second, 'SIGSTOP');
  const waiting = Array.from({ length: 16 }, () => outcome(getText(daemon.port())));
  await until(async () => (await daemon.ctl('connections', '--json')).json().programs[0].slots[1].queue > 0, {
    what: 'somebody to wait for the second slot',
  });
  process.kill(second, 'SIGKILL');
  await untilStates(daemon, ['RUNNING', 'EXITED']);
  for (const answer of await Promise.all(waiting)) expect(answer).toMatch(/^(r0 \d+|ECONNRESET)$/);
  expect(await answering(daemon)).toEqual(new Set([first]));
});

test('exitOnFatal ends the daemon with its code', async () => {
  await using daemon = await startDaemon({
    programs: { web: puppet({ workers: 2, startRetries: 0 }, { LIVE_MS: '10' }), other: puppet({ workers: 1 }) },
    supervisor: { exitOnFatal: 9 },
    wait: 'nothing',
  });
  expect(await daemon.exited).toEqual({ code: 9, signal: null });
  expect(daemon.processes()).toEqual([]);
});

test.for([
  ['unexpected', 0, 'EXITED'],
  ['unexpected', 3, 'RUNNING'],
  [true, 0, 'RUNNING'],
  [false, 3, 'EXITED'],
] as const)('autorestart: %s after exit %i leads to %s', async ([autorestart, code, state]) => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 1, autorestart, ...noBackoff }) } });
  const pids = await daemon.pids('web');
  expect(await getText(daemon.port(), `/exit?code=${code}`)).toBe('bye');
  await until(
    async () => {
      const [slot] = await slotsOf(daemon);
      return slot?.state === state && (state === 'EXITED' || slot.pid !== pids[0]);
    },
    { what: state },
  );
  if (state === 'RUNNING') return;
  expect((await slotsOf(daemon))[0]).toMatchObject({ exitCode: code });
  expect(await outcome(getText(daemon.port()))).toBe('ECONNREFUSED');
  expect(await daemon.ctl('status')).toMatchObject({ exitCode: 3 });
  expect(await daemon.ctl('start', 'web')).toMatchObject({ exitCode: 0 });
});

test('what a worker started goes with it: after a crash, a stop, and a worker that ignores SIGTERM', async () => {
  await using daemon = await startDaemon({
    programs: { web: puppet({ workers: 1, ...noBackoff }, { IGNORE_TERM: '1' }) },
  });
  const [first = 0] = await daemon.pids('web');
  const child = Number(await getText(daemon.port(), '/child'));
  expect(isAlive(child)).toBe(true);
  process.kill(first, 'SIGKILL');
  await until(() => !isAlive(child), { what: 'the child of a crashed worker to be gone' });
  await untilStates(daemon, ['RUNNING']);
  const next = Number(await getText(daemon.port(), '/child'));
  const since = performance.now();
  expect(await daemon.ctl('stop', 'web')).toMatchObject({ exitCode: 0 });
  expect(performance.now() - since).toBeGreaterThan(900); // killTimeout is 1 s
  await until(() => !isAlive(next), { what: 'the child of a killed worker to be gone' });
  expect(daemon.processes()).toHaveLength(1);
  expect(zombiesOf(daemon.pid)).toEqual([]);
});
