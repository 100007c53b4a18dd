import { describe, expect, test } from 'vitest';
import { expectNoLoss } from '../harness/expect-no-loss.ts';
import { describeLoss } from '../harness/loss-report.ts';
import { machineRefusal } from '../harness/machine-refusal.ts';
import { PortherdMachine, unit } from '../harness/portherd-machine.ts';
import { printTimes, silenceDuring, startsOf, takeover, untilReplaced } from '../harness/takeover.ts';
import { until } from '../harness/until.ts';

/** The supervisor dies under load, under systemd: its workers serve on, and the next supervisor takes them over. */
const refusal = await machineRefusal();
if (refusal !== undefined) console.warn(`the death of the supervisor is not tested: ${refusal}`);

/** Takes a minute or two; ms. */
const slowly = { timeout: 900_000 };

describe.skipIf(refusal !== undefined)('when the supervisor dies', () => {
  test('50 times by SIGKILL, no request fails, every worker stays, and none is started twice', slowly, async () => {
    await using portherd = await PortherdMachine.boot({ web });
    await portherd.start();
    const before = await portherd.pids();
    await using load = await portherd.load();
    const times: number[] = [];
    for (let n = 0; n < 50; n++) {
      times.push(await takeover(portherd));
      expect(await portherd.pids()).toEqual(before);
    }
    const report = await load.stop();
    console.log(describeLoss(report));
    printTimes('SIGKILL of the supervisor until all is ready again', times, 1_500);
    expectNoLoss([report], 1_000);
    expect(await startsOf(portherd)).toBe(web.workers);
    expect(await portherd.processes()).toHaveLength(web.workers + 1);
  });

  test('again while the next one takes over, every worker stays all the same', async () => {
    await using portherd = await PortherdMachine.boot({ web });
    await portherd.start();
    const before = await portherd.pids();
    await using load = await portherd.load();
    for (let n = 0; n < 20; n++) {
      const pid = await portherd.untilOtherMain(0);
      await portherd.machine.run(['kill', '-KILL', String(pid)]); // it may have ended by itself
      const noticed = async (): Promise<boolean> => (await portherd.mainPid()) !== pid;
      await until(noticed, { what: 'systemd to notice', deadline, interval: 5 });
    }
    await untilReplaced(portherd, 0);
    expect(await portherd.pids()).toEqual(before);
    expectNoLoss([await load.stop()]);
    expect(await startsOf(portherd)).toBe(web.workers);
  });

  test('in the middle of a roll, the roll is finished, and no request fails', async () => {
    const slow = { ...web, ...slowBoot };
    await using portherd = await PortherdMachine.boot({ web: slow });
    await portherd.start();
    const [before, generation] = [await portherd.pids(), (await portherd.program('web')).generation];
    await using load = await portherd.load();
    const rolling = portherd.machine.start(['portherdctl', 'roll', 'web']);
    const half = async (): Promise<boolean> => (await portherd.pids()).some((pid) => !before.includes(pid));
    await until(half, { what: 'half of the roll', deadline });
    await takeover(portherd);
    await rolling.ended;
    const done = async (): Promise<boolean> => {
      const { roll, slots } = await portherd.program('web');
      return roll === undefined && slots.every((slot) => slot.ready && slot.generation > generation);
    };
    await until(done, { what: 'the roll to end', deadline }).catch((thrown: unknown) => portherd.explain(thrown));
    await until(async () => (await portherd.processes()).length === web.workers + 1, {
      what: 'the old workers to leave',
      deadline,
    });
    expectNoLoss([await load.stop()]);
  });

  test.for([
    [2, 4],
    [4, 1],
  ] as const)('in the middle of a scale from %i to %i, that many are ready afterwards', async ([from, to]) => {
    await using portherd = await PortherdMachine.boot({ web: { ...web, ...slowBoot, workers: from } });
    await portherd.start();
    await using load = await portherd.load();
    const scaling = portherd.machine.start(['portherdctl', 'scale', 'web', String(to)]);
    await until(async () => (await portherd.program('web')).workers === to, {
      what: 'the scale to begin',
      deadline,
      interval: 5,
    });
    await takeover(portherd);
    await scaling.ended;
    const done = async (): Promise<boolean> => {
      const { slots } = await portherd.program('web');
      return slots.length === to && slots.every(({ ready, leaving }) => ready && leaving.length === 0);
    };
    await until(done, { what: `${to} slots to be ready`, deadline }).catch((t: unknown) => portherd.explain(t));
    const alone = async (): Promise<boolean> => (await portherd.processes()).length === to + 1;
    await until(alone, { what: `${to} workers and no other`, deadline });
    expectNoLoss([await load.stop()]);
  });

  test('in the middle of a crash loop, the loop ends in FATAL, and its neighbour loses nothing', async () => {
    const crashes = {
      command: ['node', '/srv/apps/bad-throws-at-boot.cjs'],
      workers: 1,
      listen: [{ host: '127.0.0.1', port: 81 }],
      startRetries: 4,
      backoff: { initial: '1s', max: '1s' },
    };
    await using portherd = await PortherdMachine.boot({ web, crashes });
    await portherd.systemctl('start', '--no-block', unit);
    const crashing = async (): Promise<string | undefined> => (await portherd.program('crashes')).slots[0]?.state;
    await until(async () => (await crashing()) === 'BACKOFF', { what: 'the first crash', deadline });
    const serving = async (): Promise<boolean> => (await portherd.program('web')).slots.every(({ ready }) => ready);
    await until(serving, { what: 'its neighbour to be ready', deadline });
    const before = await portherd.pids();
    await using load = await portherd.load();
    const { pid } = (await portherd.status()).daemon;
    await portherd.machine.read('kill', '-KILL', String(pid));
    const other = async (): Promise<boolean> => (await portherd.status()).daemon.pid !== pid;
    await until(other, { what: 'the next supervisor', deadline }).catch((thrown: unknown) => portherd.explain(thrown));
    await until(async () => (await crashing()) === 'FATAL', { what: 'the loop to end', deadline });
    expect((await portherd.program('crashes')).slots[0]?.restarts).toBe(4);
    expect(await portherd.pids()).toEqual(before);
    expectNoLoss([await load.stop()]);
  });

  test('of a freeze, the watchdog of systemd replaces it, and no request fails', async () => {
    const impatient = { [`/etc/systemd/system/${unit}.d/watchdog.conf`]: '[Service]\nWatchdogSec=5\n' };
    await using portherd = await PortherdMachine.boot({ web }, impatient);
    await portherd.start();
    const before = await portherd.pids();
    await using load = await portherd.load();
    const tookMs = await takeover(portherd, 'STOP');
    console.log(`frozen, then replaced within ${Math.round(tookMs)} ms, with WatchdogSec=5`);
    expect(await portherd.pids()).toEqual(before);
    expect(await portherd.machine.show(unit, 'NRestarts')).toEqual({ NRestarts: '1' });
    expectNoLoss([await load.stop()]);
  });

  test('with all its workers, systemd keeps the sockets: what connects meanwhile waits, and is served', async () => {
    await using portherd = await PortherdMachine.boot({ web });
    await portherd.start();
    expect(await portherd.machine.show(unit, 'NFileDescriptorStore')).toEqual({
      NFileDescriptorStore: String(web.workers),
    });
    const { daemon } = await portherd.status();
    // Until others serve, what waits in a queue waits: that may be long on a slow machine.
    await using load = await portherd.load(80, { connections: 8, timeoutMs: 60_000 });
    await portherd.systemctl('kill', '--signal=KILL', '--kill-whom=all', unit);
    await untilReplaced(portherd, daemon.pid);
    const { oneShot, keepAlive } = await load.stop();
    expect(oneShot.by.refused + keepAlive.by.refused).toBe(0);
    // What a worker had accepted is lost with it: at most one exchange of each client. systemd kills one after the other, so that a
    // client who has lost one may meet another that is still to be killed.
    expect(oneShot.failed).toBeLessThanOrEqual(8 * web.workers);
  });

  test('and systemd takes the workers along (KillMode=control-group), the load sees it', async () => {
    const careless = { [`/etc/systemd/system/${unit}.d/careless.conf`]: '[Service]\nKillMode=control-group\n' };
    await using portherd = await PortherdMachine.boot({ web }, careless);
    await portherd.start();
    const before = await portherd.pids();
    await using load = await portherd.load();
    await takeover(portherd);
    expect((await portherd.pids()).filter((pid) => before.includes(pid))).toEqual([]);
    const { oneShot, keepAlive } = await load.stop();
    // The sockets are in systemd's store: who was between two requests at that moment has lost his connection only.
    const { failed, idleClosed, idleReset } = keepAlive;
    expect(oneShot.failed + failed + idleClosed + idleReset).toBeGreaterThan(0);
  });
});

describe.skipIf(refusal !== undefined)('when the supervisor re-executes itself', () => {
  test('50 times, no request fails, every process stays, and none is started twice', slowly, async () => {
    await using portherd = await PortherdMachine.boot({ web });
    await portherd.start();
    const [main, before] = [await portherd.mainPid(), await portherd.pids()];
    await using load = await portherd.load();
    const silences: number[] = [];
    for (let n = 0; n < 50; n++) {
      const reloading = portherd.ctl('reload');
      silences.push(await silenceDuring(portherd, reloading));
      const { exitCode, stderr } = await reloading;
      expect(exitCode, stderr).toBe(0);
      await portherd.untilReady();
      expect(await portherd.pids()).toEqual(before);
    }
    const report = await load.stop();
    console.log(describeLoss(report));
    printTimes('portherdctl reload, longest silence of the control socket', silences, 1_000);
    expectNoLoss([report], 1_000);
    expect(await startsOf(portherd)).toBe(web.workers);
    expect(await portherd.mainPid()).toBe(main);
    // It answers on its control socket before it says READY=1.
    const running = async (): Promise<boolean> =>
      (await portherd.machine.show(unit, 'SubState'))['SubState'] === 'running';
    await until(running, { what: 'systemd to hear that it is ready', deadline });
    expect(await portherd.machine.show(unit, 'ActiveState', 'NRestarts')).toEqual({
      ActiveState: 'active',
      NRestarts: '0',
    });
  });
});

const web = {
  command: ['node', '/srv/apps/target-plain.cjs'],
  workers: 2,
  listen: [{ host: '127.0.0.1', port: 80 }],
  roll: { minReady: '0s' },
};

/** Of what takes a second; a machine may be several times slower, and busy. */
const deadline = 60_000;

/** Half a second in which something can be in the middle. */
const slowBoot = { command: ['node', '/srv/apps/target-slow-boot.cjs'], environment: { BOOT_MS: '500' } };
