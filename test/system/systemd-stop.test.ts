import { describe, expect, test } from 'vitest';
import { machineRefusal } from '../harness/machine-refusal.ts';
import { PortherdMachine, unit } from '../harness/portherd-machine.ts';
import { takeover } from '../harness/takeover.ts';
import { until } from '../harness/until.ts';

/** A stop leaves nothing behind, in whatever state it finds the supervisor; a crash leaves every worker. */
const refusal = await machineRefusal();
if (refusal !== undefined) console.warn(`stops under systemd are not tested: ${refusal}`);

describe.skipIf(refusal !== undefined)('systemctl stop leaves nothing behind', () => {
  test('right after the supervisor was killed, before and while the next one starts', async () => {
    await using portherd = await PortherdMachine.boot({ web });
    for (const delayMs of [0, 0, 20, 50, 100, 150, 200, 300, 400, 600]) {
      await portherd.start();
      await inMachine(
        portherd,
        `systemctl kill -s KILL --kill-whom=main ${unit}; sleep ${delayMs / 1_000}; systemctl stop ${unit}`,
      );
      await expectNothing(portherd, `after ${delayMs} ms`);
    }
  });

  // Between the crash and the restart systemd asks the sweeper's condition, and the answer takes a while to arrive.
  test.for(['condition', 'stop-post'])('when it cancels the restart while the sweeper is at its %s', async (state) => {
    const slow = { '/etc/systemd/system/portherd-sweep.service.d/slow.conf': '[Service]\nExecStopPost=/bin/sleep 5\n' };
    await using portherd = await PortherdMachine.boot({ web }, slow);
    await portherd.start();
    await portherd.systemctl('kill', '--signal=KILL', '--kill-whom=main', unit);
    const asked = async (): Promise<boolean> => {
      const { SubState } = await portherd.machine.show('portherd-sweep.service', 'SubState');
      return state === 'condition' ? SubState !== 'dead' : SubState === state;
    };
    await until(asked, { what: `the sweeper to be at its ${state}`, deadline: 60_000, interval: 5 });
    await portherd.systemctl('stop', unit);
    await expectNothing(portherd, 'after a cancelled restart');
  });

  test('however often the supervisor has died before', async () => {
    const few = '[Manager]\nDefaultStartLimitBurst=1\nDefaultStartLimitIntervalSec=1h\n';
    await using portherd = await PortherdMachine.boot({ web }, { '/etc/systemd/system.conf.d/few.conf': few });
    await portherd.start();
    for (let turn = 0; turn < 3; turn += 1) await takeover(portherd);
    await inMachine(portherd, `systemctl kill -s KILL --kill-whom=main ${unit}; systemctl stop ${unit}`);
    await expectNothing(portherd, 'after the fourth death');
  });

  test('when the supervisor does not hear of it: it and its workers are ended when the time is up', async () => {
    // systemd wakes a stopped process up with its SIGTERM; one that does not hear the signal hangs as well.
    const deaf = '[Service]\nTimeoutStopSec=2\nKillSignal=SIGURG\n';
    await using portherd = await PortherdMachine.boot({ web }, { [dropIn]: deaf });
    await portherd.start();
    await portherd.systemctl('stop', unit);
    expect(await portherd.machine.show(unit, 'Result')).toEqual({ Result: 'timeout' });
    await expectNothing(portherd, 'of a deaf supervisor');
  });

  test('when the supervisor is killed in the middle of the stop', async () => {
    // Nobody ever writes that file: the drain goes on until the kill.
    const held = { ...web, command: ['node', '/srv/apps/target-held.cjs'], environment: { ANSWER_WHEN: '/never' } };
    await using portherd = await PortherdMachine.boot({ web: held });
    await portherd.start();
    const asked = portherd.get().catch((thrown: unknown) => String(thrown));
    await portherd.untilConnected();
    const stopping = portherd.systemctl('stop', unit);
    const begun = async (): Promise<boolean> =>
      (await portherd.machine.show(unit, 'SubState'))['SubState'] === 'stop-sigterm';
    await until(begun, { what: 'the drain', deadline: 60_000 });
    await portherd.systemctl('kill', '--signal=KILL', '--kill-whom=main', unit);
    await stopping;
    await expectNothing(portherd, 'after a killed drain');
    await asked;
  });
});

describe.skipIf(refusal !== undefined)('the supervisor’s end leaves every worker', () => {
  test('also many times in a row, and each time it is back', async () => {
    await using portherd = await PortherdMachine.boot({ web });
    await portherd.start();
    const workers = await portherd.pids();
    for (let turn = 0; turn < 8; turn += 1) {
      const before = await portherd.mainPid();
      await portherd.systemctl('kill', '--signal=KILL', '--kill-whom=main', unit);
      await portherd.untilOtherMain(before);
      await portherd.untilReady();
      expect(await portherd.pids()).toEqual(workers);
    }
    expect(await portherd.processes()).toHaveLength(3);
  });

  test('when it is frozen: the watchdog has it replaced', async () => {
    await using portherd = await PortherdMachine.boot({ web }, { [dropIn]: '[Service]\nWatchdogSec=5\n' });
    await portherd.start();
    const [workers, before] = [await portherd.pids(), await portherd.mainPid()];
    await portherd.systemctl('kill', '--signal=STOP', '--kill-whom=main', unit);
    await portherd.untilOtherMain(before);
    await portherd.untilReady();
    expect(await portherd.pids()).toEqual(workers);
    await portherd.untilJournal(/[Ww]atchdog/);
  });

  test('its status is the workers’, and systemd has a socket of each', async () => {
    await using portherd = await PortherdMachine.boot({ web });
    await portherd.start();
    expect(await portherd.machine.show(unit, 'Type', 'NFileDescriptorStore')).toEqual({
      Type: 'notify',
      NFileDescriptorStore: '2',
    });
    const text = async (): Promise<boolean> =>
      /^web 2\/2 ready, \d+ connections?$/.test((await portherd.machine.show(unit, 'StatusText'))['StatusText'] ?? '');
    await until(text, { what: 'the status text', deadline: 60_000 });
    const before = await portherd.mainPid();
    await portherd.systemctl('kill', '--signal=KILL', '--kill-whom=main', unit);
    await portherd.untilOtherMain(before);
    await portherd.untilReady();
    expect((await portherd.machine.show(unit, 'NFileDescriptorStore'))['NFileDescriptorStore']).toBe('2');
    const scaled = await portherd.ctl('scale', 'web', '1');
    expect(scaled.exitCode, scaled.stderr).toBe(0);
    const stored = async (): Promise<boolean> =>
      (await portherd.machine.show(unit, 'NFileDescriptorStore'))['NFileDescriptorStore'] === '1';
    await until(stored, { what: 'the store to give the closed socket up', deadline: 60_000 });
  });
});

const dropIn = `/etc/systemd/system/${unit}.d/test.conf`;

const web = {
  command: ['node', '/srv/apps/target-plain.cjs'],
  directory: '/srv/apps',
  workers: 2,
  listen: [{ host: '127.0.0.1', port: 80 }],
  roll: { minReady: '0s' },
};

/** The sweep goes on after systemctl stop; another start waits for it. */
async function expectNothing(portherd: PortherdMachine, when: string): Promise<void> {
  const journal = 'journalctl --boot --no-pager --output=cat --lines=60 --unit=portherd*'.split(' ');
  const nothing = async (): Promise<boolean> =>
    (await portherd.processes()).every((line) => line.includes('<defunct>')) && !(await portherd.machine.listening(80));
  await until(nothing, { what: `nothing to be left ${when}`, deadline: 60_000 }).catch(async (thrown: unknown) => {
    throw new Error(await portherd.machine.read(...journal), { cause: thrown });
  });
}

function inMachine(portherd: PortherdMachine, script: string): Promise<string> {
  return portherd.machine.read('sh', '-c', script);
}
