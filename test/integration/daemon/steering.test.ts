import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { BalanceReply, SteeringReply } from '../../../src/protocol/control.ts';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { ebpfRefusal } from '../../harness/ebpf-refusal.ts';
import { expectNoLoss } from '../../harness/expect-no-loss.ts';
import { getText } from '../../harness/get-text.ts';
import { puppet, untilStates } from '../../harness/puppet.ts';
import { rollTimes, underLoad } from '../../harness/roll-under-load.ts';
import { until } from '../../harness/until.ts';

/** By which mechanism the kernel is steered, and what becomes of the service when it cannot be. */

const refused = ebpfRefusal();
const best: SteeringReply = refused === undefined ? { by: 'ebpf' } : { by: 'cbpf', why: expect.any(String) };

async function steeringOf(daemon: Daemon): Promise<SteeringReply | undefined> {
  const reply: BalanceReply = (await daemon.api('GET', '/v1/balance')).json();
  return reply.programs[0]?.steering;
}

test('the option changes it while clients come, and balance says what is in force', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  expect(await steeringOf(daemon)).toEqual(best);
  const reports = await underLoad(daemon, {
    act: async () => {
      for (const [steering, told] of [
        ['cbpf', { by: 'cbpf' }],
        ['off', { by: 'hash', why: 'off' }],
        ['auto', best],
      ] as const) {
        await daemon.rewrite({ programs: { web: puppet({ steering }) } });
        expect((await daemon.ctl('update')).exitCode).toBe(0);
        await until(async () => (await steeringOf(daemon))?.by === told.by, { what: `steering ${steering}` });
        expect(await steeringOf(daemon)).toEqual(told);
      }
    },
  });
  expectNoLoss(reports);
  expect((await daemon.ctl('balance')).stdout).toContain(`web: policy connections, steering ${best.by}`);
});

test.runIf(refused === undefined)(
  'rolls and scaling lose nothing by either mechanism, and each worker can be asked',
  async () => {
    for (const steering of ['ebpf', 'cbpf']) {
      await using daemon = await startDaemon({ programs: { web: puppet({ steering, workers: 3 }) } });
      expect(await steeringOf(daemon)).toEqual({ by: steering });
      const reports = await underLoad(daemon, {
        act: async () => {
          await rollTimes(daemon, 2);
          for (const count of ['5', '2', '4']) expect((await daemon.ctl('scale', 'web', count)).exitCode).toBe(0);
          await until(async () => (await daemon.pids('web')).length === 4, { what: 'four workers' });
        },
      });
      expectNoLoss(reports);
      for (const slot of [0, 1, 2, 3])
        expect((await daemon.ctl('curl', `web:${slot}`, '/')).exitCode, `${steering} ${slot}`).toBe(0);
      expect(daemon.log.some(({ event }) => event === 'orderWrong')).toBe(false);
    }
  },
);

describe('a sandbox that forbids it', () => {
  test('bpf(2): cbpf instead, with a warning only where ebpf was asked for', async () => {
    for (const steering of ['ebpf', 'auto']) {
      await using daemon = await startDaemon({ programs: { web: puppet({ steering }) }, inside: refuse('bpf') });
      expect(await steeringOf(daemon)).toEqual({ by: 'cbpf', why: 'no CAP_BPF' });
      const told = daemon.log.filter(({ event }) => event === 'steering');
      expect(told).toHaveLength(1);
      expect(told[0]).toMatchObject({ by: 'cbpf', why: 'no CAP_BPF', level: steering === 'ebpf' ? 'warn' : 'info' });
      expect(String(told[0]?.['advice'])).toContain(steering === 'ebpf' ? 'AmbientCapabilities=CAP_BPF' : 'undefined');
      expect((await daemon.ctl('balance')).stdout).toContain('steering cbpf (no CAP_BPF)');
      expectNoLoss(await underLoad(daemon, { act: () => rollTimes(daemon, 1) }));
    }
  });

  test('both: the kernel’s hash, with a warning, and the service goes on', async () => {
    await using daemon = await startDaemon({ programs: { web: puppet() }, inside: refuse('bpf', 'cbpf', 'filter') });
    expect(await steeringOf(daemon)).toEqual({ by: 'hash', why: 'no CAP_BPF; cbpf: EPERM' });
    const told = daemon.log.filter(({ event }) => event === 'steering');
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ level: 'warn', by: 'hash', advice: expect.stringContaining('seccomp') });
    const reports = await underLoad(daemon, {
      act: async () => {
        await rollTimes(daemon, 2);
        for (const count of ['4', '2']) expect((await daemon.ctl('scale', 'web', count)).exitCode).toBe(0);
      },
    });
    expect(reports.length).toBeGreaterThan(0);
    await untilStates(daemon, ['RUNNING', 'RUNNING']);
    const seen = new Set<string>();
    await until(async () => seen.add(await getText(daemon.port())).size === 2, { what: 'both to answer' });
  });
});

describe('a worker that shuts its listener down for all who hold it', () => {
  const web = {
    command: ['/usr/bin/python3', 'shuts-down.py'],
    workers: 3,
    backoff: { initial: '50ms' },
    stop: { killTimeout: '2s' },
  };

  test('cbpf: the order of the group is wrong now, so the hash goes on, until the program is started anew', async () => {
    await using daemon = await startDaemon({ programs: { web: { ...web, steering: 'cbpf' } } });
    expect(await steeringOf(daemon)).toEqual({ by: 'cbpf' });
    await shutDown(daemon);
    await daemon.waitForLog('orderWrong');
    expect(await steeringOf(daemon)).toMatchObject({
      by: 'hash',
      why: expect.stringMatching(/got what was for slot \d/),
    });
    await answering(daemon);
    expect((await daemon.ctl('stop', 'web')).exitCode).toBe(0);
    expect((await daemon.ctl('start', 'web')).exitCode).toBe(0);
    expect(await steeringOf(daemon)).toEqual({ by: 'cbpf' });
    await answering(daemon);
  });

  test.runIf(refused === undefined)('ebpf: the slot is put back in its place', async () => {
    await using daemon = await startDaemon({ programs: { web: { ...web, steering: 'ebpf' } } });
    await shutDown(daemon);
    expect(await steeringOf(daemon)).toEqual({ by: 'ebpf' });
    await answering(daemon);
    expect(daemon.log.some(({ event }) => event === 'orderWrong')).toBe(false);
  });
});

/** Puts the daemon into a sandbox in which these calls answer EPERM. */
function refuse(...calls: readonly string[]): readonly string[] {
  const script = join(import.meta.dirname, '../../fixtures/refuse-calls.py');
  return ['/usr/bin/python3', script, calls.join()];
}

async function shutDown(daemon: Daemon): Promise<void> {
  const pid = (await daemon.pids('web'))[1] ?? 0;
  process.kill(pid, 'SIGUSR1');
  const replaced = async (): Promise<boolean> => {
    const pids = await daemon.pids('web');
    return pids.length === 3 && !pids.includes(pid);
  };
  await until(replaced, { what: 'another one in its place' });
  await daemon.waitUntil('ready');
}

async function answering(daemon: Daemon): Promise<void> {
  const pids = new Set((await daemon.pids('web')).map(String));
  const seen = new Set<string>();
  await until(async () => seen.add(await getText(daemon.port())).size === 3, { what: 'all three to answer' });
  expect(seen).toEqual(pids);
}
