import { describe, expect, test } from 'vitest';
import { machineRefusal } from '../harness/machine-refusal.ts';
import { PortherdMachine, unit } from '../harness/portherd-machine.ts';

/** The unit that `portherd unit` prints for programs with users of their own: root, in the sandbox, with five capabilities. */
const refusal = await machineRefusal();
if (refusal !== undefined) console.warn(`units of programs with users are not tested: ${refusal}`);

describe.skipIf(refusal !== undefined)('a unit for programs with users of their own', () => {
  test('starts them as these users, nicer and limited, and takes them over from a killed supervisor', async () => {
    const rlimits = { nofile: '2000:3000' };
    const web = { command: ['node', 'puppet.cjs'], directory: '/srv/apps', workers: 2, listen: [{ port: 80 }] };
    const programs = { web: { ...web, user: 'nobody', nice: 5, umask: '027', rlimits } };
    await using portherd = await PortherdMachine.boot(programs);
    const { machine } = portherd;
    const printed = await machine.run(['portherd', 'unit', '-c', '/etc/portherd/portherd.yaml']);
    expect(printed.exitCode, printed.stderr).toBe(0);
    await machine.write(`/etc/systemd/system/${unit}`, printed.stdout);
    await portherd.systemctl('daemon-reload');
    await portherd.start();
    const before = await portherd.pids();
    for (const pid of before) {
      const status = await machine.read('cat', `/proc/${pid}/status`);
      expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
      expect(status).toMatch(/^Umask:\t0027$/m);
      expect(status).toMatch(/^CapEff:\t0+$/m);
      expect(status).toMatch(/^CapAmb:\t0+$/m);
      expect(await machine.read('ps', '-o', 'ni=', '-p', String(pid))).toContain('5');
    }
    for (const state of ['', '/run/portherd/state.json']) {
      const supervisor = await portherd.mainPid();
      await machine.run(['sh', '-c', `kill -KILL ${supervisor}; rm -f ${state}`]);
      await portherd.untilOtherMain(supervisor);
      await portherd.untilReady();
      // Without the state they are known by their environments.
      expect(await portherd.pids()).toEqual(before);
    }
    expect(await portherd.sendStdin('web:0', 'x\n')).toEqual({ pid: before[0] });
    const rolled = await portherd.ctl('roll', 'web');
    expect(rolled.exitCode, rolled.stderr).toBe(0);
    await portherd.systemctl('stop', unit);
    expect(await portherd.processes()).toEqual([]);
  });
});
