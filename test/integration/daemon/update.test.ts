import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { startDaemon } from '../../harness/daemon.ts';
import { freePort } from '../../harness/free-port.ts';
import { getText } from '../../harness/get-text.ts';
import { Hold } from '../../harness/hold.ts';
import { answering, outcome, puppet, slotsOf, statesOf, untilStates } from '../../harness/puppet.ts';
import { until } from '../../harness/until.ts';

/** reread and update: what differs, and what is done about it. */

test('reread tells, update does: a new program, a changed one, one that is gone', async () => {
  const [web, old, fresh] = [puppet(), puppet({ workers: 1 }), puppet({ workers: 1 })];
  await using daemon = await startDaemon({ programs: { web, old } });
  expect(await daemon.ctl('reread')).toMatchObject({ exitCode: 0, stdout: 'No config updates to processes\n' });
  expect(await daemon.ctl('update')).toMatchObject({ exitCode: 0 });
  const pids = await daemon.pids('web');
  const ports = [{ port: 0, host: '127.0.0.1' }];
  await daemon.rewrite({ programs: { web: { ...web, listen: ports, workers: 3 }, fresh } });
  expect(await daemon.ctl('reread')).toMatchObject({
    exitCode: 0,
    stdout: 'fresh: available\nold: disappeared\nweb: changed\n',
  });
  expect((await daemon.ctl('avail')).stdout).toMatch(/fresh:0 +avail/);
  expect(await daemon.ctl('status', 'fresh')).toMatchObject({ exitCode: 4 });
  const updated = await daemon.ctl('update');
  expect(updated.exitCode).toBe(0);
  expect(updated.stdout).toBe(
    'old: stopped\nold: removed process group\nweb: updated process group\nfresh: added process group\n',
  );
  await untilStates(daemon, ['RUNNING'], 'fresh');
  expect((await daemon.pids('web')).slice(0, 2)).toEqual(pids);
  expect(await daemon.ctl('status', 'old')).toMatchObject({ exitCode: 4 });
  expect(await daemon.ctl('update', '--json')).toMatchObject({ exitCode: 0 });
});

test('a changed port costs a stop and a start', async () => {
  const web = puppet();
  await using daemon = await startDaemon({ programs: { web } });
  const [old, port] = [daemon.port(), await freePort()];
  await daemon.rewrite({ programs: { web: { ...web, listen: [{ port, host: '127.0.0.1' }] } } });
  expect((await daemon.ctl('reread', '-v')).stdout).toContain('takes a stop and start');
  expect(await daemon.ctl('update')).toMatchObject({
    exitCode: 0,
    stdout: 'web: stopped\nweb: updated process group\n',
  });
  await untilStates(daemon, ['RUNNING', 'RUNNING']);
  expect((await answering(daemon, 24, port)).size).toBe(2);
  expect(await outcome(getText(old))).toBe('ECONNREFUSED');
});

test('a changed port that somebody holds is refused before anything is stopped', async () => {
  const web = puppet();
  await using daemon = await startDaemon({ programs: { web } });
  const pids = await daemon.pids('web');
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const listen = [{ port, host: '127.0.0.1' }];
    await daemon.rewrite({ programs: { web: { ...web, listen } } });
    const changed = await daemon.ctl('update');
    expect([changed.exitCode, changed.stdout]).toEqual([1, expect.stringContaining(`pid ${process.pid}`)]);
    expect(await daemon.pids('web')).toEqual(pids);
    await daemon.rewrite({ programs: { web, added: { ...puppet(), listen } } });
    const added = await daemon.ctl('update');
    expect([added.exitCode, added.stdout]).toEqual([1, expect.stringContaining(`:${port} is in use by pid`)]);
    expect(await daemon.ctl('status', 'added')).toMatchObject({ exitCode: 4 });
    expect(await daemon.pids('web')).toEqual(pids);
  } finally {
    server.close();
  }
});

test('what a program is started with can change while it is stopped', async () => {
  const web = puppet();
  await using daemon = await startDaemon({ programs: { web } });
  await daemon.ctl('stop', 'web');
  await daemon.rewrite({ programs: { web: { ...web, environment: { RELEASE: 'r1' }, workers: 3 } } });
  expect(await daemon.ctl('update')).toMatchObject({ exitCode: 0 });
  expect(await statesOf(daemon)).toEqual(['STOPPED', 'STOPPED', 'STOPPED']);
  await daemon.ctl('start', 'web');
  expect(await getText(daemon.port())).toMatch(/^r1 /);
});

test('a policy changes without touching a worker, and one update at a time', async () => {
  using hold = new Hold();
  const web = puppet({}, hold.environment);
  await using daemon = await startDaemon({ programs: { web } });
  const pids = await daemon.pids('web');
  await daemon.rewrite({ programs: { web: { ...web, autorestart: false } } });
  expect(await daemon.ctl('update', 'web')).toMatchObject({ exitCode: 0 });
  expect(await daemon.pids('web')).toEqual(pids);
  await daemon.rewrite({ programs: { web: { ...web, environment: { ...hold.environment, RELEASE: 'r1' } } } });
  hold.begin();
  const first = daemon.ctl('update');
  await daemon.waitForLog('rollStarted');
  expect(await daemon.ctl('update')).toMatchObject({ exitCode: 1 });
  hold.end();
  expect(await first).toMatchObject({ exitCode: 0 });
  expect((await slotsOf(daemon)).map(({ generation }) => generation)).toEqual([2, 2]);
});

test('a program that is gone from the file while it fails is removed', async () => {
  const loop = puppet({ workers: 2, startRetries: 0 }, { LIVE_MS: '10' });
  const [web, backoff] = [
    puppet({ workers: 1 }),
    puppet({ workers: 1, backoff: { initial: '20s' } }, { LIVE_MS: '10' }),
  ];
  await using daemon = await startDaemon({ programs: { web, loop, backoff }, wait: 'answers' });
  await untilStates(daemon, ['FATAL', 'FATAL'], 'loop');
  await untilStates(daemon, ['BACKOFF'], 'backoff');
  await daemon.rewrite({ programs: { web } });
  expect(await daemon.ctl('update')).toMatchObject({ exitCode: 0 });
  expect((await daemon.status()).programs.map(({ name }) => name)).toEqual(['web']);
  await until(() => daemon.processes().length === 2, { what: 'only web to be left' });
});
