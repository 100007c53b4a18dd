import { describe, expect, test } from 'vitest';
import { expectNoLoss } from '../harness/expect-no-loss.ts';
import { machineRefusal } from '../harness/machine-refusal.ts';
import { controlSocket, PortherdMachine, unit } from '../harness/portherd-machine.ts';
import { until } from '../harness/until.ts';

/** The unit that systemd/ ships, under a real systemd, on port 80. */
const refusal = await machineRefusal();
if (refusal !== undefined) console.warn(`the systemd unit is not tested: ${refusal}`);

describe.skipIf(refusal !== undefined)('the systemd unit', () => {
  test('is one that this systemd understands', async () => {
    await using portherd = await PortherdMachine.boot({ web });
    const { exitCode, stdout, stderr } = await portherd.machine.run(['systemd-analyze', 'verify', unit]);
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  test('starts the programs, and systemctl and portherdctl tell the same', async () => {
    await using portherd = await PortherdMachine.boot({ web });
    await portherd.start();
    expect(await portherd.get()).toMatch(/^r0 \d+/);
    expect(await portherd.machine.show(unit, 'ActiveState', 'SubState')).toEqual({
      ActiveState: 'active',
      SubState: 'running',
    });
    expect((await portherd.status()).daemon.pid).toBe(await portherd.mainPid());
    const status = await portherd.ctl('status');
    expect(status.exitCode, status.stderr).toBe(0);
    for (const pid of await portherd.pids()) expect(status.stdout).toContain(`pid ${pid}`);
  });

  test('runs as a user of its own, with no right but to bind port 80', async () => {
    await using portherd = await PortherdMachine.boot({ web });
    await portherd.start();
    for (const pid of [await portherd.mainPid(), ...(await portherd.pids())]) {
      expect(await portherd.machine.read('ps', '-o', 'user=', '-p', String(pid))).toBe('portherd');
      const status = await portherd.machine.read('cat', `/proc/${pid}/status`);
      expect(status).toMatch(/^CapEff:\s*0*400$/m); // bit 10, CAP_NET_BIND_SERVICE of linux/capability.h
      expect(status).toMatch(/^CapBnd:\s*0*400$/m);
      expect(status).toMatch(/^NoNewPrivs:\s*1$/m);
    }
    expect(await portherd.sendStdin('web:0', 'x\n')).toEqual({ pid: (await portherd.pids())[0] });
  });

  test('is exposed to 2.0 of 10 at most, by the measure of systemd-analyze', async () => {
    await using portherd = await PortherdMachine.boot({ web });
    const { exitCode, stdout } = await portherd.machine.run(['systemd-analyze', 'security', '--threshold=20', unit]);
    console.log(stdout.split('\n').findLast((line) => line.includes('exposure level')));
    expect(exitCode, stdout).toBe(0);
  });

  test('fails to start with a config that is wrong, and says where', async () => {
    await using portherd = await PortherdMachine.boot({ web: { ...web, wrokers: 3 } });
    const started = await portherd.machine.run(['systemctl', 'start', unit]);
    expect(started.exitCode).not.toBe(0);
    await portherd.untilJournal(/wrokers/);
    expect(await portherd.machine.listening(80)).toBe(false);
  });

  test('applies a changed config on reload, and loses no request by it', async () => {
    await using portherd = await PortherdMachine.boot({ web });
    await portherd.start();
    await using load = await portherd.load();
    const [main, before] = [await portherd.mainPid(), await portherd.pids()];
    await portherd.configure({ web: { ...web, environment: { RELEASE: 'r1' }, workers: 3 } });
    await portherd.systemctl('reload', unit);
    // An old worker on its way out may still take what had come to its slot.
    const replaced = async (): Promise<boolean> => {
      const { slots } = await portherd.program('web');
      const pids = slots.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
      return isAllOther(pids, before, 3) && slots.every(({ ready, leaving }) => ready && leaving.length === 0);
    };
    await until(replaced, { what: 'three new workers and no other', deadline: 120_000 });
    expect(await portherd.get()).toMatch(/^r1 \d+/);
    expect(await portherd.mainPid()).toBe(main);
    expectNoLoss([await load.stop()]);
  });

  test('keeps what runs when the reloaded config is wrong, and says where', async () => {
    await using portherd = await PortherdMachine.boot({ web });
    await portherd.start();
    await using load = await portherd.load();
    const before = await portherd.pids();
    await portherd.configure({ web: { ...web, wrokers: 3 } });
    await portherd.systemctl('reload', unit);
    await portherd.untilJournal(/wrokers/);
    expect(await portherd.pids()).toEqual(before);
    expectNoLoss([await load.stop()], 50);
  });

  test('restarts everything with new processes', async () => {
    await using portherd = await PortherdMachine.boot({ web });
    await portherd.start();
    const [main, before] = [await portherd.mainPid(), await portherd.pids()];
    await portherd.systemctl('restart', unit);
    await portherd.untilReady();
    expect(isAllOther(await portherd.pids(), before, 2)).toBe(true);
    expect(await portherd.mainPid()).not.toBe(main);
    expect(await portherd.get()).toMatch(/^r0 \d+/);
  });

  test('leaves nothing behind when it is stopped: no process, no socket, no open port', async () => {
    await using portherd = await PortherdMachine.boot({ web });
    await portherd.start();
    expect(await portherd.processes()).toHaveLength(3);
    await portherd.systemctl('stop', unit);
    expect(await portherd.processes()).toEqual([]);
    expect(await portherd.machine.listening(80)).toBe(false);
    expect((await portherd.machine.run(['ls', controlSocket])).exitCode).toBe(2);
    const { Result, ...state } = await portherd.machine.show(unit, 'Result', 'ActiveState', 'MainPID');
    expect(state, await portherd.machine.journal(unit)).toEqual({ ActiveState: 'inactive', MainPID: '0' });
    expect(Result).toBe('success');
  });

  test('answers what was asked before the stop', async () => {
    await using portherd = await PortherdMachine.boot({ web: held });
    await portherd.start();
    const asked = portherd.get();
    await portherd.untilConnected();
    const stopping = portherd.systemctl('stop', unit);
    const draining = async (): Promise<boolean> =>
      (await portherd.machine.show(unit, 'StatusText'))['StatusText']?.startsWith('stopping: ') === true;
    await until(draining, { what: 'the drain', deadline: 60_000 });
    await portherd.machine.write(answerWhen, '');
    expect(await asked).toMatch(/^r0 \d+/);
    await stopping;
    expect(await portherd.processes()).toEqual([]);
  });

  test('leaves nothing behind when its supervisor is killed in the middle of a stop', async () => {
    await using portherd = await PortherdMachine.boot({ web: held });
    await portherd.start();
    const main = await portherd.mainPid();
    const asked = portherd.get().catch(String); // something to drain; what becomes of it is not judged
    await portherd.untilConnected();
    await portherd.systemctl('stop', '--no-block', unit);
    await until(async () => (await subState(portherd)) === 'stop-sigterm', { what: 'the drain', deadline: 60_000 });
    await portherd.machine.read('kill', '-KILL', String(main));
    const over = async (): Promise<boolean> => ['dead', 'failed'].includes(await subState(portherd));
    await until(over, { what: 'the stop to end', deadline: 60_000 });
    // OnFailure= starts the sweeper when the unit is already dead, so that nothing says when it is through but its work
    const nothing = async (): Promise<boolean> =>
      (await portherd.processes()).length === 0 && !(await portherd.machine.listening(80));
    await until(nothing, { what: 'the sweeper to end what was left', deadline: 60_000 });
    await asked;
  });

  test('runs beside an instance of its template, and neither touches the other', async () => {
    const shop = { ...web, listen: [{ host: '127.0.0.1', port: 81 }], environment: { RELEASE: 'shop' } };
    const file = { '/etc/portherd/shop.yaml': JSON.stringify({ programs: { shop } }) };
    await using portherd = await PortherdMachine.boot({ web }, file);
    await portherd.start();
    await portherd.systemctl('start', 'portherd@shop');
    await until(async () => (await portherd.get(81)).startsWith('shop'), {
      what: 'the other to serve',
      deadline: 60_000,
    });
    const before = await portherd.pids();
    await portherd.systemctl('stop', 'portherd@shop');
    expect(await portherd.machine.listening(81)).toBe(false);
    expect(await portherd.pids()).toEqual(before);
    expect(await portherd.processes()).toHaveLength(3);
  });

  test('takes the sockets of its socket unit, which hold the port also while it is stopped', async () => {
    const four = { ...web, workers: 4, listen: [{ port: 80 }] };
    await using portherd = await PortherdMachine.boot({ web: four });
    await portherd.systemctl('start', 'portherd.socket');
    const inodes = async (): Promise<string> => portherd.machine.read('ss', '-Htlne', 'sport', '=', ':80');
    const held = await inodes();
    await portherd.start();
    expect(numbers(await inodes()), 'sockets beside those of the unit').toEqual(numbers(held));
    await portherd.systemctl('stop', 'portherd.service');
    expect(await portherd.processes()).toEqual([]);
    const asked = portherd.get(); // starts it again, and is answered
    expect(await asked).toMatch(/^r0 \d+/);
  });

  test('comes back by itself when the machine is booted again, once it is enabled', async () => {
    await using portherd = await PortherdMachine.boot({ web });
    await portherd.systemctl('enable', unit);
    expect(await portherd.machine.listening(80)).toBe(false);
    await portherd.machine.reboot();
    await portherd.untilReady();
    expect(await portherd.get()).toMatch(/^r0 \d+/);
    expect(await portherd.systemctl('is-system-running')).toBe('running');
  });
});

const web = {
  command: ['node', '/srv/apps/target-plain.cjs'],
  directory: '/srv/apps',
  workers: 2,
  listen: [{ host: '127.0.0.1', port: 80 }],
  roll: { minReady: '0s' },
};

/** Answers nobody until the file is there. */
const answerWhen = '/opt/answer';
const held = { ...web, command: ['node', '/srv/apps/target-held.cjs'], environment: { ANSWER_WHEN: answerWhen } };

async function subState({ machine }: PortherdMachine): Promise<string> {
  return (await machine.show(unit, 'SubState'))['SubState'] ?? '';
}

/** The inodes in `ss -e`, in order. */
function numbers(text: string): string[] {
  return [...text.matchAll(/ino:(\d+)/g)].map(([, inode]) => inode ?? '').toSorted();
}

function isAllOther(pids: readonly number[], before: readonly number[], count: number): boolean {
  return pids.length === count && !pids.some((pid) => before.includes(pid));
}
