import { describe, expect, test } from 'vitest';
import { getText } from '../harness/get-text.ts';
import { initRefusal, startAsInit } from '../harness/init-scene.ts';
import { inFlight, puppet } from '../harness/puppet.ts';
import { until } from '../harness/until.ts';

/** portherd as PID 1 of a container. */
const refusal = await initRefusal();
if (refusal !== undefined) console.warn(`PID 1 is not tested: ${refusal}`);

/** The parent of each sleep is gone at once, so that PID 1 inherits it. */
const leavesOrphans = `for n in 1 2 3 4 5; do (sleep 0.$n &); done; (sleep 300 &); exec "$@"`;

describe.skipIf(refusal !== undefined)('as PID 1', () => {
  test('orphans are reaped, and a worker that dies meanwhile is replaced as ever', async () => {
    const command = ['sh', '-c', leavesOrphans, 'sh', process.execPath, 'puppet.cjs'];
    await using scene = await startAsInit({
      programs: { web: puppet({ command, workers: 2 }) },
      supervisor: { logLevel: 'debug' },
    });
    const { daemon } = scene;
    await daemon.waitUntil('ready');
    expect(daemon.log.find(({ event }) => event === 'started')).toMatchObject({ pid: 1 });
    const reaped = (): number => daemon.log.filter(({ event }) => event === 'reaped').length;
    await until(() => reaped() >= 10, { what: 'the first ten orphans to be reaped', explain: () => daemon.output });

    const before = await daemon.pids('web');
    await getText(daemon.port(), '/exit?code=3').catch(() => undefined);
    await daemon.waitForLog('exited', ({ how }) => how === 'exit status 3');
    await until(async () => new Set(before).difference(new Set(await daemon.pids('web'))).size === 1, {
      what: 'the dead worker to be replaced',
    });
    // Five of the replacement, and the long one of the dead worker, which is killed with its group.
    await until(() => reaped() >= 16, { what: 'all its orphans to be reaped', explain: () => daemon.output });
    await until(() => scene.zombies().length === 0, { what: 'no zombie', explain: () => scene.zombies() });
  });

  test('SIGTERM drains: an answer that was begun is finished, and the exit code is 0', async () => {
    const patient = { stop: { drainTimeout: '30s' } };
    await using scene = await startAsInit({ programs: { web: puppet({ workers: 2, ...patient }) } });
    const { daemon } = scene;
    await daemon.waitUntil('ready');
    const slow = getText(daemon.port(), '/slow?ms=4000');
    // It may be over before a busy machine has shown it once: a long one, and no process for each look.
    await until(async () => (await inFlight(daemon)) > 0, { what: 'the request to be seen' });
    process.kill(scene.init, 'SIGTERM');
    expect(await slow).toMatch(/^r0 \d+$/);
    expect(await daemon.exited).toEqual({ code: 0, signal: null });
  });

  test('a program that is FATAL ends the container with exitOnFatal', async () => {
    await using scene = await startAsInit({
      programs: { web: puppet({ workers: 2, startRetries: 0 }, { LIVE_MS: '10' }), other: puppet({ workers: 1 }) },
      supervisor: { exitOnFatal: 9 },
    });
    expect(await scene.daemon.exited).toEqual({ code: 9, signal: null });
    expect(scene.daemon.processes()).toEqual([]);
  });
});
