import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { ConnectionsReply } from '../../../src/protocol/control.ts';
import type { RebalanceLine } from '../../../src/protocol/control-rebalance.ts';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { expectNoFailure } from '../../harness/expect-no-loss.ts';
import { KeepAliveClient } from '../../harness/keep-alive-client.ts';
import { type Load, startLoad } from '../../harness/load.ts';
import { openConnections } from '../../harness/open-connections.ts';
import { puppet } from '../../harness/puppet.ts';
import { until } from '../../harness/until.ts';

const clients = 64;

test('64 keep-alive clients on one worker of four become even within seconds, and no request fails', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 1 }) } });
  await using load = await crowd(daemon);
  const since = performance.now();
  const rebalance = await daemon.ctl('rebalance', 'web');
  const tookMs = performance.now() - since;
  expect(rebalance, rebalance.stderr).toMatchObject({ exitCode: 0 });
  expect(rebalance.stdout).toMatch(/^web: balanced, skew 4\.00 → 1\.0\d, \d+ connections moved in \d+\.\d s\n$/);
  expect(tookMs).toBeLessThan(25_000);
  expect(skewOf(await allIn(daemon))).toBeLessThanOrEqual(1.1);
  const report = await load.stop();
  expectNoFailure(report);
  expect(report.keepAlive.ok).toBeGreaterThan(500);
  expect(report.keepAlive).toMatchObject({ idleReset: 0 });
});

test('--json tells how it goes, line by line; what is even already stays as it is', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 1 }) } });
  await using load = await crowd(daemon);
  const first = await daemon.ctl('--json', 'rebalance', 'web');
  const lines = first.stdout
    .trim()
    .split('\n')
    .map((line): RebalanceLine => JSON.parse(line));
  const skews = lines.flatMap((line) => (line.t === 'progress' ? [line.rebalance.skew] : []));
  expect(skews[0]).toBe(4);
  expect(skews.length).toBeGreaterThan(4);
  expect(lines.slice(-2)).toMatchObject([
    { t: 'balanced', rebalance: { program: 'web', workers: 4, skewBefore: 4 } },
    { t: 'finished', programs: ['web'] },
  ]);
  const { connections } = (await load.report()).keepAlive;
  const again = await daemon.ctl('rebalance');
  expect(again).toMatchObject({ exitCode: 0 });
  expect(again.stdout).toMatch(/^web: balanced already \(skew 1\.0\d\)\n$/);
  expect((await load.report()).keepAlive.connections).toBe(connections);
  expectNoFailure(await load.stop());
});

test('with automatic shedding a crowded worker is relieved by itself, and no request fails', async () => {
  const web = puppet({ workers: 1, balance: { shed: { automatic: true, perSecond: '40%' } } });
  await using daemon = await startDaemon({ programs: { web } });
  await using load = await crowd(daemon);
  await daemon.waitForLog('rebalanced', ({ automatic, is }) => automatic === true && is === 'even', 60_000);
  expect(skewOf(await allIn(daemon))).toBeLessThanOrEqual(1.1);
  expectNoFailure(await load.stop());
});

test('after a roll, keep-alive clients are even again', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 4 }) } });
  await using load = await startLoad({ port: daemon.port(), connections: 0, keepAlive: { clients, thinkMs: 50 } });
  await until(async () => sum(await openIn(daemon)) === clients, { what: 'all clients to be connected' });
  expect(await daemon.ctl('roll', 'web')).toMatchObject({ exitCode: 0 });
  expect(await daemon.ctl('rebalance', 'web', '--timeout', '40s')).toMatchObject({ exitCode: 0 });
  expect(skewOf(await allIn(daemon))).toBeLessThanOrEqual(1.1);
  expectNoFailure(await load.stop());
});

test('--no-wait begins it; a second one is told; a roll ends it', async () => {
  const web = puppet({ workers: 1, balance: { shed: { perSecond: '1%' } } });
  await using daemon = await startDaemon({ programs: { web } });
  await using load = await crowd(daemon);
  expect(await daemon.ctl('rebalance', 'web', '--no-wait')).toMatchObject({
    exitCode: 0,
    stdout: 'web: rebalancing has begun\n',
  });
  expect(await daemon.ctl('rebalance', 'web')).toMatchObject({
    exitCode: 1,
    stdout: 'web is being rebalanced already\n',
  });
  const roll = daemon.ctl('roll', 'web');
  await daemon.waitForLog('rebalanced', ({ is }) => is === 'rolled');
  expect(await roll).toMatchObject({ exitCode: 0 });
  expectNoFailure(await load.stop());
});

test('what cannot be moved stays: the exit code is 1, and it is told why', async () => {
  await using daemon = await startDaemon({
    programs: { web: { command: [process.execPath, 'net-echo.cjs'], environment: {}, workers: 1 } },
  });
  using raw = await openConnections('127.0.0.1', daemon.port(), 8);
  await until(async () => sum(await openIn(daemon)) === 8, { what: 'eight connections to be open' });
  await daemon.ctl('scale', 'web', '2');
  const tried = await daemon.ctl('rebalance', 'web', '--timeout', '2s');
  expect(tried).toMatchObject({
    exitCode: 1,
    stdout: 'web: ERROR (the skew of web is still 2.00 after 2s; 0 connections moved, skew 2.00 → 2.00)\n',
  });
  expect(tried.stderr).toContain('raw and upgraded ones stay');
  const [socket] = raw.sockets;
  if (socket === undefined) throw new Error('no connection');
  socket.write('still there?');
  expect(String((await once(socket, 'data'))[0])).toBe('still there?');
});

test('silent connections are not closed: they go with their next request', async () => {
  await using daemon = await startDaemon({
    programs: { web: { command: [process.execPath, 'plain-http.cjs'], workers: 1 } },
  });
  const silent = Array.from({ length: 8 }, () => new KeepAliveClient(daemon.port()));
  try {
    const first = await Promise.all(silent.map((client) => client.get()));
    await daemon.ctl('scale', 'web', '2');
    const tried = await daemon.ctl('--json', 'rebalance', 'web', '--timeout', '5s');
    expect(tried.exitCode).toBe(1);
    expect(tried.stdout).toContain('4 connections that were asked to leave have been silent since');
    expect(await openIn(daemon)).toEqual([8, 0]);
    const next = await Promise.all(silent.map((client) => client.get()));
    expect(next.map(({ from }) => from)).toEqual(first.map(({ from }) => from));
    expect(next.filter(({ connection }) => connection === 'close')).toHaveLength(4);
    const last = await Promise.all(silent.map((client) => client.get()));
    expect(last.map(({ status }) => status)).toEqual(last.map(() => 200));
    await until(
      async () => {
        const counts = await openIn(daemon);
        return sum(counts) === 8 && counts[1] !== 0;
      },
      { what: 'all eight to be back, and not all where they were' },
    );
  } finally {
    for (const client of silent) client[Symbol.dispose]();
  }
});

test('what cannot be rebalanced is refused with the reason', async () => {
  await using daemon = await startDaemon({
    programs: {
      one: puppet({ workers: 1 }),
      off: puppet({ autostart: false }),
      python: { command: ['python3', 'listen-fds.py'], workers: 2 },
    },
    wait: 'answers',
  });
  await until(
    async () =>
      (await daemon.status()).programs.every(({ name, slots }) => name === 'off' || slots.every(({ ready }) => ready)),
    {
      what: 'one and python to be ready',
    },
  );
  for (const [args, exitCode, stdout] of [
    [['nobody'], 1, 'there is no program nobody\n'],
    [['one'], 1, 'one has one worker, nothing to balance\n'],
    [['one', 'off'], 1, 'one has one worker, nothing to balance\n'],
    [['off'], 7, 'off is not running\n'],
    [['python'], 1, 'the workers of python cannot be asked to give up connections\n'],
    [['all'], 1, 'one has one worker, nothing to balance\n'],
    [
      ['one', '--timeout', '10'],
      2,
      'option --timeout: 10 has no unit; write 10s for seconds or 10ms for milliseconds\n',
    ],
    [['one', '--timeout', '2h'], 2, 'option --timeout: 2h is not a duration from 1s to 1h\n'],
    [['one', '--timout', '2s'], 2, 'unknown option --timout\n'],
  ] as const) {
    expect(await daemon.ctl('rebalance', ...args), args.join(' ')).toMatchObject({ exitCode, stdout });
  }
  const json = await daemon.ctl('--json', 'rebalance', 'one');
  expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'CANNOT_BALANCE', exit: 1 } });
  for (const body of [{}, { programs: ['one'], wait: true }, { programs: [], wait: true, timeoutMs: 0.5 }])
    expect((await daemon.api('POST', '/v1/rebalance', body)).status).toBe(400);
});

/** All clients on slot 0, and three workers beside it that have none. */
async function crowd(daemon: Daemon): Promise<Load> {
  const load = await startLoad({ port: daemon.port(), connections: 0, keepAlive: { clients, thinkMs: 50 } });
  await until(async () => sum(await openIn(daemon)) === clients, { what: 'all clients to be connected' });
  const scaled = await daemon.ctl('scale', 'web', '4');
  expect(scaled, scaled.stderr).toMatchObject({ exitCode: 0 });
  return load;
}

async function openIn(daemon: Daemon): Promise<number[]> {
  const { programs }: ConnectionsReply = (await daemon.api('GET', '/v1/connections')).json();
  return programs.find(({ name }) => name === 'web')?.slots.map(({ open = 0 }) => open) ?? [];
}

/** When all clients are connected: one that was asked to leave is nowhere for a moment. */
function allIn(daemon: Daemon): Promise<number[]> {
  const all = async (): Promise<number[] | undefined> => {
    const counts = await openIn(daemon);
    return sum(counts) === clients ? counts : undefined;
  };
  return until(all, { what: 'all clients to be connected' });
}

function skewOf(counts: readonly number[]): number {
  return (Math.max(...counts) * counts.length) / sum(counts);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}
