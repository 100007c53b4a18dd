import { expect, test } from 'vitest';
import type { BalanceReply } from '../../../src/protocol/control.ts';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { getText } from '../../harness/get-text.ts';
import { puppet, slotsOf } from '../../harness/puppet.ts';
import { type SteadyRequest, startRequests } from '../../harness/steady-requests.ts';
import { until, within } from '../../harness/until.ts';

/** Workers that are alive and do not serve: who comes next goes elsewhere. */

const blocks = (over: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> =>
  puppet({ command: [process.execPath, 'blocks.cjs'], workers: 4, ...over });

async function weights(daemon: Daemon): Promise<readonly number[]> {
  const { programs }: BalanceReply = (await daemon.api('GET', '/v1/balance')).json();
  return (programs[0]?.slots ?? []).map(({ weight }) => weight);
}

/** Until nobody is stalled; how many lines the log has then. */
async function well(daemon: Daemon): Promise<number> {
  const nobody = async (): Promise<boolean> => {
    const { programs }: BalanceReply = (await daemon.api('GET', '/v1/balance')).json();
    return programs.every(({ slots }) => slots.every(({ stalledMs }) => stalledMs === undefined));
  };
  await until(nobody, { what: 'nobody to be stalled' });
  return daemon.log.length;
}

/** Until the daemon says so of this slot, in a line from `since` on; when that was. On a busy machine any may stall for a moment. */
async function told(daemon: Daemon, event: string, slot: number, since: number): Promise<number> {
  await daemon.waitForLog(event, (line) => line['slot'] === slot && daemon.log.indexOf(line) >= since);
  return performance.now();
}

/** Of those that began meanwhile, how many that worker has answered. A look may be late by a few requests. */
function expectFew(requests: readonly SteadyRequest[], from: number, to: number, pid: number): void {
  const during = requests.filter(({ at }) => at > from && at < to);
  const met = during.filter(({ text }) => text.trim().endsWith(` ${pid}`));
  expect(during.length).toBeGreaterThan(50);
  // The hash sends a quarter or more there.
  expect(met.length, met.map(({ at }) => Math.round(at - from)).join()).toBeLessThanOrEqual(0.02 * during.length);
}

test('who comes after a worker was found blocked does not meet it, and nobody fails', async () => {
  await using daemon = await startDaemon({ programs: { web: blocks() } });
  const pids = await daemon.pids('web');
  await using requests = startRequests(daemon.port(), 200);
  await until(() => requests.all.filter(({ tookMs }) => tookMs !== undefined).length > 100, { what: 'traffic' });
  const [slot, blockMs] = [2, 4_000];
  const since = await well(daemon);
  const blockedAt = performance.now();
  const ask = { program: 'web', slot, method: 'GET', path: `/?ms=${blockMs}`, headers: [], tls: false };
  const blocked = daemon.api('POST', '/v1/curl', { ...ask, timeoutMs: 60_000 });
  const noticedAt = await told(daemon, 'stalled', slot, since);
  expect(noticedAt - blockedAt).toBeLessThan(blockMs / 2); // 250 ms where the machine has nothing else to do
  expect((await blocked).status).toBe(200);
  await told(daemon, 'recovered', slot, since);
  await until(async () => ((await weights(daemon))[slot] ?? 0) > 0.1, { what: 'clients to come back' });
  const done = await requests.stop();
  expect(done.filter(({ failed }) => failed)).toEqual([]);
  expectFew(done, noticedAt, blockedAt + blockMs, pids[slot] ?? 0);
  expect(await daemon.pids('web')).toEqual(pids);
});

test('a frozen worker is steered away from, then replaced; whoever waited is answered by the replacement', async () => {
  await using daemon = await startDaemon({
    programs: { web: blocks({ health: { hungAfter: '4s' }, stop: { killTimeout: '200ms', drainTimeout: '1s' } }) },
  });
  const pids = await daemon.pids('web');
  await using requests = startRequests(daemon.port(), 100);
  await until(() => requests.all.filter(({ tookMs }) => tookMs !== undefined).length > 50, { what: 'traffic' });
  const since = await well(daemon);
  process.kill(pids[2] ?? 0, 'SIGSTOP');
  const frozenAt = performance.now();
  // Nobody has noticed yet: it gets its share of them.
  const early = Array.from({ length: 16 }, () => getText(daemon.port()));
  const noticedAt = await told(daemon, 'stalled', 2, since);
  await until(async () => (await weights(daemon))[2] === 0, { what: 'nobody to be sent there' });
  const table = await daemon.ctl('balance');
  expect(table.stdout).toMatch(/^web:2 .* 0\.0% +stalled for \d\.\d s$/m);
  const hung = await daemon.waitForLog('hung');
  const hungAt = performance.now();
  expect(hung).toMatchObject({ slot: 2, worker: 3 });
  expect(hung['why']).toMatch(
    /^hung for \d\.\d s: pid \d+ is stopped by a signal \(SIGSTOP\), 0 ms of CPU in 100 ms: it waits$/,
  );
  await daemon.waitForLog('ready', ({ slot, worker }) => slot === 2 && worker !== 3);
  const done = await requests.stop();
  // What it had accepted before goes with it.
  expect(done.filter(({ failed, at }) => failed && at > frozenAt)).toEqual([]);
  const [, , heir = 0] = await daemon.pids('web');
  // By the time of `hung` the replacement is still to be started: whom it has answered of those before has waited for it.
  expectFew(done, noticedAt, hungAt - 500, heir);
  expect(await Promise.all(early)).toContain(`pid ${heir}`);
  expect((await slotsOf(daemon))[2]).toMatchObject({ state: 'RUNNING', restarts: 1 });
  expect((await daemon.ctl('status', '-v')).stdout).toMatch(
    /^ {4}hung: 0:00:\d\d ago: hung for \d\.\d s: pid \d+ is stopped/m,
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
  const since = await well(daemon);
  process.kill(pids[0] ?? 0, 'SIGSTOP');
  await told(daemon, 'stalled', 0, since);
  const asked: Promise<string>[] = [];
  let waited = 0;
  for (let n = 0; n < 20; n += 1) {
    const text = getText(daemon.port());
    asked.push(text);
    if ((await within(2_000, text)) === undefined) waited += 1;
  }
  // The hash sends half of them there. While a busy machine keeps the other one from running as well, nobody is steered away.
  expect(waited).toBeLessThanOrEqual(3);
  process.kill(pids[0] ?? 0, 'SIGCONT');
  await Promise.all(asked);
  await told(daemon, 'recovered', 0, since);
  expect(await daemon.pids('web')).toEqual(pids);
  expect(daemon.log.some(({ event }) => event === 'hung')).toBe(false);
});

test('when every worker is blocked, nobody is steered away: they wait, and are served', async () => {
  await using daemon = await startDaemon({ programs: { web: blocks({ workers: 2 }) } });
  const pids = await daemon.pids('web');
  const since = await well(daemon);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  const waiting = Array.from({ length: 20 }, () => getText(daemon.port()));
  await Promise.all([told(daemon, 'stalled', 0, since), told(daemon, 'stalled', 1, since)]);
  await until(async () => (await weights(daemon)).every((weight) => weight > 0), { what: 'both to get clients' });
  for (const pid of pids) process.kill(pid, 'SIGCONT');
  expect(new Set(await Promise.all(waiting)).size).toBeGreaterThan(0);
  await Promise.all([told(daemon, 'recovered', 0, since), told(daemon, 'recovered', 1, since)]);
});

test('a program without beats is watched by its queue', async () => {
  const python = { command: ['/usr/bin/python3', 'listen-fds.py'], workers: 2, health: { hungAfter: '4s' } };
  await using daemon = await startDaemon({
    programs: { web: puppet({ ...python, stop: { killTimeout: '200ms', drainTimeout: '1s' } }) },
  });
  const [victim = 0] = await daemon.pids('web');
  await using requests = startRequests(daemon.port(), 50);
  const since = await well(daemon);
  process.kill(victim, 'SIGSTOP');
  const frozenAt = performance.now();
  const noticedAt = await told(daemon, 'stalled', 0, since);
  const hungAt = await told(daemon, 'hung', 0, since);
  await daemon.waitForLog('ready', ({ slot, worker }) => slot === 0 && worker !== 1);
  const done = await requests.stop();
  expect(done.filter(({ failed, at }) => failed && at > frozenAt)).toEqual([]);
  const [heir = 0] = await daemon.pids('web');
  expectFew(done, noticedAt, hungAt - 500, heir);
});
