import { describe, expect, test } from 'vitest';
import { expectNoLoss } from '../harness/expect-no-loss.ts';
import { machineRefusal } from '../harness/machine-refusal.ts';
import { PortherdMachine, unit } from '../harness/portherd-machine.ts';
import { until } from '../harness/until.ts';

/** Slots whose sockets are systemd's: systemd/portherd.socket, four of port 80. */
const refusal = await machineRefusal();
if (refusal !== undefined) console.warn(`socket units are not tested: ${refusal}`);

describe.skipIf(refusal !== undefined)('the sockets of a socket unit', () => {
  test('are the slots’ own through a supervisor’s death, a reload and scaling; no connection is lost', async () => {
    await using portherd = await PortherdMachine.boot({ web: four });
    await portherd.systemctl('start', 'portherd.socket');
    const held = await inodes(portherd);
    expect(held).toHaveLength(4);
    await portherd.start();
    const workers = await portherd.pids();
    await using load = await portherd.load();
    const expectSame = async (when: string): Promise<void> => {
      await portherd.untilReady();
      expect(await portherd.pids(), when).toEqual(workers);
      expect(await inodes(portherd), when).toEqual(held);
    };

    const main = await portherd.mainPid();
    await portherd.systemctl('kill', '--signal=KILL', '--kill-whom=main', unit);
    await portherd.untilOtherMain(main);
    await expectSame('after its death');

    const reload = await portherd.ctl('reload');
    expect(reload.exitCode, reload.stderr).toBe(0);
    await expectSame('after a reload');

    expect((await portherd.ctl('scale', 'web', '2')).exitCode).toBe(0);
    await until(async () => (await portherd.pids()).length === 2, { what: 'two workers', deadline: 120_000 });
    expect(await inodes(portherd), 'scaled down').toEqual(held);
    expect((await portherd.ctl('scale', 'web', '4')).exitCode).toBe(0);
    await portherd.untilReady();
    expect(await inodes(portherd), 'scaled up').toEqual(held);
    expectNoLoss([await load.stop()]);
  });

  test('that are too few: the error says how many lines the unit needs', async () => {
    await using portherd = await PortherdMachine.boot({ web: { ...four, workers: 5 } });
    await portherd.systemctl('start', 'portherd.socket');
    await portherd.machine.run(['systemctl', 'start', unit]);
    await portherd.untilJournal(/ListenStream= line for each worker|the socket unit gave 4/);
  });

  test('of the wrong kind are named and closed, and portherd opens its own', async () => {
    const plain = '[Socket]\nListenStream=127.0.0.1:8081\nListenDatagram=127.0.0.1:80\nService=portherd.service\n';
    const own = { ...four, workers: 2, listen: [{ host: '127.0.0.1', port: 8080 }] };
    await using portherd = await PortherdMachine.boot({ web: own });
    await portherd.machine.write('/etc/systemd/system/portherd.socket', plain);
    await portherd.systemctl('daemon-reload');
    await portherd.systemctl('start', 'portherd.socket');
    await portherd.start();
    expect(await portherd.get(8080)).toMatch(/^r0 /);
    await portherd.untilJournal(/it is a socket without SO_REUSEPORT \(127\.0\.0\.1 port 8081\)/);
    await portherd.untilJournal(/it is no TCP socket/);
  });
});

const four = {
  command: ['node', '/srv/apps/target-plain.cjs'],
  directory: '/srv/apps',
  workers: 4,
  listen: [{ port: 80 }],
  roll: { minReady: '0s' },
};

/** Of everything that listens on port 80. */
async function inodes(portherd: PortherdMachine): Promise<readonly string[]> {
  const text = await portherd.machine.read('ss', '-Htlne', 'sport', '=', ':80');
  return [...text.matchAll(/ino:(\d+)/g)].map(([, inode]) => inode ?? '').toSorted();
}
