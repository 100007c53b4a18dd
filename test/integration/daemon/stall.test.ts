import { expect, test } from 'vitest';
import type { BalanceReply } from '../../../src/protocol/control.ts';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { getText } from '../../harness/get-text.ts';
import { puppet, slotsOf } from '../../harness/puppet.ts';
import { type SteadyRequest, startRequests } from '../../harness/steady-requests.ts';
import { until } from '../../harness/until.ts';

/** Workers that are alive and do not serve: who comes next goes elsewhere. */

const blocks = (over: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> =>
  puppet({ command: [process.execPath, 'blocks.cjs'], workers: 4, ...over });

/** Some came before there was anything to notice: they waited in the queue. */
const noticedMs = 250;
/** What a request may take beside a blocked worker, on a machine with other work. */
const quickMs = 400;

function slow(requests: readonly SteadyRequest[]): readonly number[] {
  return requests.filter(({ tookMs = 0 }) => tookMs > quickMs).map(({ tookMs = 0 }) => Math.round(tookMs));
}

async function weights(daemon: Daemon): Promise<readonly number[]> {
  const { programs }: BalanceReply = (await daemon.api('GET', '/v1/balance')).json();
  return (programs[0]?.slots ?? []).map(({ weight }) => weight);
}

test('who comes later than 250 ms after a worker has blocked does not meet it, and nobody fails', async () => {
  await using daemon = await startDaemon({ programs: { web: blocks() } });
  const pids = await daemon.pids('web');
  await using requests = startRequests(daemon.port(), 200);
  await until(() => requests.all.filter(({ tookMs }) => tookMs !== undefined).length > 100, { what: 'traffic' });
  const blockedAt = performance.now();
  const victim = await getText(daemon.port(), '/?ms=2000');
  const done = await requests.stop();
  expect(done.filter(({ failed }) => failed)).toEqual([]);
  const during = done.filter(({ at }) => at > blockedAt + noticedMs && at < blockedAt + 1_900);
  expect(during.length).toBeGreaterThan(200);
  // The hash sends a quarter there. On a machine with other work a look may be late by a few requests.
  expect(slow(during).length, slow(during).join()).toBeLessThanOrEqual(0.01 * during.length);
  const slot = pids.indexOf(Number(victim.split(' ')[1]));
  expect(await daemon.waitForLog('stalled')).toMatchObject({ program: 'web', slot });
  expect(await daemon.waitForLog('recovered')).toMatchObject({ program: 'web', slot });
  await until(async () => ((await weights(daemon))[slot] ?? 0) > 0.1, { what: 'clients to come back' });
  expect(await daemon.pids('web')).toEqual(pids);
});

test('a frozen worker is steered away from, then replaced; whoever waited is answered by the replacement', async () => {
  await using daemon = await startDaemon({
    programs: { web: blocks({ health: { hungAfter: '1s' }, stop: { killTimeout: '200ms', drainTimeout: '1s' } }) },
  });
  const pids = await daemon.pids('web');
  await using requests = startRequests(daemon.port(), 100);
  await until(() => requests.all.filter(({ tookMs }) => tookMs !== undefined).length > 50, { what: 'traffic' });
  const frozenAt = performance.now();
  process.kill(pids[2] ?? 0, 'SIGSTOP');
  expect(await daemon.waitForLog('stalled')).toMatchObject({ slot: 2 });
  expect((await weights(daemon))[2]).toBe(0);
  const table = await daemon.ctl('balance');
  expect(table.stdout).toMatch(/^web:2 .* 0\.0% +stalled for \d\.\d s$/m);
  const hung = await daemon.waitForLog('hung');
  expect(hung).toMatchObject({ slot: 2, worker: 3 });
  expect(hung['why']).toMatch(
    /^hung for 1\.\d s: pid \d+ is stopped by a signal \(SIGSTOP\), 0 ms of CPU in 100 ms: it waits$/,
  );
  await daemon.waitForLog('ready', ({ slot, worker }) => slot === 2 && worker !== 3);
  const done = await requests.stop();
  // What it had accepted before goes with it.
  expect(done.filter(({ failed, at }) => failed && at > frozenAt)).toEqual([]);
  expect(slow(done.filter(({ at }) => at > frozenAt + noticedMs)).length).toBeLessThanOrEqual(1);
  const [, , heir] = await daemon.pids('web');
  const waited = done.filter(({ tookMs = 0 }) => tookMs > 1_000);
  expect(waited.length).toBeGreaterThan(0);
  for (const { text } of waited) expect(text).toBe(`pid ${heir}`);
  expect((await slotsOf(daemon))[2]).toMatchObject({ state: 'RUNNING', restarts: 1 });
  expect((await daemon.ctl('status', '-v')).stdout).toMatch(
    /^ {4}hung: 0:00:0\d ago: hung for 1\.\d s: pid \d+ is stopped/m,
  );
});

test('a worker that spins for ever is found out and replaced, also when nobody comes', async () => {
  await using daemon = await startDaemon({
    programs: {
      web: blocks({ workers: 1, health: { hungAfter: '1s' }, stop: { killTimeout: '1s', drainTimeout: '1s' } }),
    },
  });
  const doomed = getText(daemon.port(), '/?ms=3600000').catch((error: unknown) => String(error));
  const hung = await daemon.waitForLog('hung');
  expect(hung['why']).toMatch(
    /^hung for \d\.\d s: pid \d+ is running, \d+ ms of CPU in 100 ms(, \d+ ms waiting for a core)?: it (spins|is slow)$/,
  );
  await daemon.waitForLog('backoff', ({ failures }) => failures === 1);
  expect(await doomed).toMatch(/socket hang up|ECONNRESET/);
  expect(await getText(daemon.port())).toMatch(/^pid /);
});

test('hungAfter: never leaves it alone', async () => {
  await using daemon = await startDaemon({ programs: { web: blocks({ workers: 2, health: { hungAfter: 'never' } }) } });
  const pids = await daemon.pids('web');
  process.kill(pids[0] ?? 0, 'SIGSTOP');
  await daemon.waitForLog('stalled');
  for (let asked = 0; asked < 20; asked += 1) expect(await getText(daemon.port())).toBe(`pid ${pids[1]}`);
  process.kill(pids[0] ?? 0, 'SIGCONT');
  await daemon.waitForLog('recovered');
  expect(await daemon.pids('web')).toEqual(pids);
  expect(daemon.log.some(({ event }) => event === 'hung')).toBe(false);
});

test('when every worker is blocked, nobody is steered away: they wait, and are served', async () => {
  await using daemon = await startDaemon({ programs: { web: blocks({ workers: 2 }) } });
  const pids = await daemon.pids('web');
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  const waiting = Array.from({ length: 20 }, () => getText(daemon.port()));
  await until(() => daemon.log.filter(({ event }) => event === 'stalled').length === 2, { what: 'both to stall' });
  expect((await weights(daemon)).every((weight) => weight > 0)).toBe(true);
  for (const pid of pids) process.kill(pid, 'SIGCONT');
  expect(new Set(await Promise.all(waiting)).size).toBeGreaterThan(0);
  await until(() => daemon.log.filter(({ event }) => event === 'recovered').length === 2, { what: 'both to recover' });
});

test('a program without beats is watched by its queue', async () => {
  const python = { command: ['/usr/bin/python3', 'listen-fds.py'], workers: 2, health: { hungAfter: '1s' } };
  await using daemon = await startDaemon({
    programs: { web: puppet({ ...python, stop: { killTimeout: '200ms', drainTimeout: '1s' } }) },
  });
  const [victim = 0] = await daemon.pids('web');
  await using requests = startRequests(daemon.port(), 50);
  const frozenAt = performance.now();
  process.kill(victim, 'SIGSTOP');
  await daemon.waitForLog('stalled', ({ slot }) => slot === 0);
  const stalledAt = performance.now();
  await daemon.waitForLog('hung', ({ slot }) => slot === 0);
  await daemon.waitForLog('ready', ({ slot, worker }) => slot === 0 && worker !== 1);
  const done = await requests.stop();
  expect(done.filter(({ failed, at }) => failed && at > frozenAt)).toEqual([]);
  expect(slow(done.filter(({ at }) => at > stalledAt + 50))).toEqual([]);
});
