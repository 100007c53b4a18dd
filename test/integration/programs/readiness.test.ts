import { describe, expect, test } from 'vitest';
import { startDaemon } from '../../harness/daemon.ts';
import { getText } from '../../harness/get-text.ts';

/** What proves that a worker can serve, and what does not. */
function start(app: string, program: Readonly<Record<string, unknown>>, wait: 'ready' | 'answers' = 'answers') {
  const policy = { workers: 1, startRetries: 0, stop: { drainTimeout: '1s', killTimeout: '5s' } };
  return startDaemon({ wait, programs: { web: { command: [process.execPath, app], ...policy, ...program } } });
}

describe('message', () => {
  test('process.send("ready") makes it ready, although it was started without an IPC channel', async () => {
    await using daemon = await start('message-ready.cjs', {
      readiness: { type: 'message' },
      environment: { MESSAGE: 'text' },
    });
    await daemon.waitForLog('ready');
    expect(await getText(daemon.port())).toMatch(/^pid \d+$/);
  });

  test('listening alone does not', async () => {
    const readiness = { type: 'message', timeout: '4s' };
    await using daemon = await start('plain-http.cjs', { readiness });
    expect(await daemon.waitForLog('fatal')).toMatchObject({ why: "not ready within 4 s: it did not send 'ready'" });
  });
});

describe('http', () => {
  test('503 is not ready, 200 is', async () => {
    const readiness = { type: 'http', path: '/healthz', timeout: '20s' };
    await using daemon = await start('warms-up.cjs', { readiness, environment: { WARM_AFTER: '3' } });
    await daemon.waitForLog('ready');
    expect(await getText(daemon.port(), '/asked')).toMatch(/^[4-9]\d*$/);
  });

  test.for([
    ['4s', 'shorter than one probe'],
    ['6s', 'longer than one probe'],
  ] as const)('never 2xx within %s (%s) is a failure that names path and status', async ([timeout]) => {
    const readiness = { type: 'http', path: '/healthz?deep=1', timeout };
    await using daemon = await start('warms-up.cjs', { readiness, environment: { WARM_AFTER: '9999' } });
    const { why } = await daemon.waitForLog('fatal');
    expect(why).toMatch(
      new RegExp(String.raw`^not ready within ${Number.parseInt(timeout, 10)} s: GET /healthz\?deep=1 answered 503\b`),
    );
  });

  test('a path that is never answered is a failure that says so', async () => {
    const readiness = { type: 'http', path: '/slow?ms=60000', timeout: '4s' };
    await using daemon = await start('plain-http.cjs', { readiness });
    const { why } = await daemon.waitForLog('fatal');
    expect(why).toContain('GET /slow?ms=60000 was not answered');
  });

  test('a roll to a build that is not healthy stops at the first slot, and says what it answered', async () => {
    const readiness = { type: 'http', path: '/healthz', timeout: '5s' };
    const program = { command: [process.execPath, 'warms-up.cjs'], readiness, workers: 2, roll: { minReady: '0s' } };
    const healthy = { web: { ...program, environment: { WARM_AFTER: '0' } } };
    await using daemon = await startDaemon({ programs: healthy });
    const before = await daemon.pids('web');
    await daemon.rewrite({ programs: { web: { ...program, environment: { WARM_AFTER: '9999' } } } });
    const updated = await daemon.ctl('update');
    expect(updated.exitCode).not.toBe(0);
    expect(updated.stdout + updated.stderr).toContain('GET /healthz answered 503');
    expect(await daemon.pids('web')).toEqual(before);
  });
});

test('a worker that never listens is a failure that names the port', async () => {
  await using daemon = await start('bad-never-listens.cjs', { readiness: { timeout: '1s' } });
  const { why } = await daemon.waitForLog('fatal');
  expect(why).toBe(`not ready within 1 s: nothing listens on port ${daemon.port()}`);
});
