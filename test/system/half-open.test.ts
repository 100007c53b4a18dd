import { mkdtempDisposable, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Daemon } from '../harness/daemon.ts';
import { ebpfRefusal } from '../harness/ebpf-refusal.ts';
import type { HandshakeOutcome } from '../harness/half-open-client.ts';
import { type Scene, startHalfOpenScene, startNaiveScene } from '../harness/half-open-scene.ts';
import { linkRefusal, serverAddress } from '../harness/network-link.ts';
import type { RunningCommand } from '../harness/running-command.ts';
import { until, within } from '../harness/until.ts';

/**
 * Handshakes that are half-open while something happens to the workers: the client has the SYN-ACK and withholds its ACK. In each
 * case 200 of them lie over the slots; none may be lost. At the end stand the ways without portherd that do lose some, so that
 * the instrument is known to see it.
 */
const count = 200;
const refusal = await linkRefusal();
if (refusal !== undefined) console.warn(`half-open handshakes are not tested: ${refusal}`);

describe.skipIf(refusal !== undefined)('200 half-open handshakes', () => {
  test('complete when nothing happens, on every worker', async () => {
    await using scene = await startHalfOpenScene();
    await scene.halfOpen(count);
    const outcome = await finish(scene);
    report('nothing', outcome);
    expect(outcome).toMatchObject(allCompleted);
    expect(new Set(Object.keys(outcome.answers))).toEqual(await answersOf(scene.daemon));
  });

  test.for(['roll web', 'restart web', 'restart web:1'])('survive %s', async (command) => {
    await using scene = await startHalfOpenScene();
    const before = await answersOf(scene.daemon);
    await scene.halfOpen(count);
    const ran = await scene.daemon.ctl(...command.split(' '));
    expect(ran.exitCode, ran.stderr).toBe(0);
    const outcome = await finish(scene);
    report(command, outcome);
    expect(outcome).toMatchObject(allCompleted);
    const after = await answersOf(scene.daemon);
    expect(after.intersection(before).size).toBe(command.endsWith(':1') ? 3 : 0);
    expect(new Set(Object.keys(outcome.answers))).toEqual(after);
  });

  test.for([1, 4])('survive the SIGKILL of %i of 4 workers, finished after the respawn', async (victims) => {
    await using scene = await startHalfOpenScene();
    const pids = await scene.daemon.pids('web');
    await scene.halfOpen(count);
    for (const pid of pids.slice(0, victims)) process.kill(pid, 'SIGKILL');
    await untilServedByOthers(scene.daemon, pids.slice(0, victims));
    const outcome = await finish(scene);
    report(`SIGKILL of ${victims}, ACK after the respawn`, outcome);
    expect(outcome).toMatchObject(allCompleted);
    expect(new Set(Object.keys(outcome.answers))).toEqual(await answersOf(scene.daemon));
  });

  test.for([1, 4])('survive the SIGKILL of %i of 4 workers, finished before the respawn is ready', async (victims) => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'portherd-half-open-'));
    const listenWhen = join(directory.path, 'listen');
    await writeFile(listenWhen, '');
    await using scene = await startHalfOpenScene({ listenWhen });
    await rm(listenWhen);
    const pids = await scene.daemon.pids('web');
    await scene.halfOpen(count);
    for (const pid of pids.slice(0, victims)) process.kill(pid, 'SIGKILL');
    await until(() => dead(scene.daemon) === victims, { what: 'the victims to be gone', deadline: 60_000 });
    expect(await scene.client.acknowledge(count)).toBe(count);
    const ready = (await slots(scene.daemon)).filter((slot) => slot.ready);
    expect(ready).toHaveLength(4 - victims);
    await writeFile(listenWhen, '');
    const outcome = await scene.client.outcome();
    report(`SIGKILL of ${victims}, ACK before the respawn is ready`, outcome);
    expect(outcome).toMatchObject(allCompleted);
    await scene.daemon.waitUntil('ready'); // a worker may answer before it is proved ready
    expect(new Set(Object.keys(outcome.answers))).toEqual(await answersOf(scene.daemon));
  });

  /** IPv4 clients of a dual-stack listener are another address family to the kernel's lists. */
  test.for([
    ['scale web 3', 1, serverAddress],
    ['scale web 1', 3, serverAddress],
    ['stop web:2', 1, serverAddress],
    ['scale web 3', 1, '0.0.0.0'],
    ['scale web 3', 1, '::'],
  ] as const)('keep %s (%i leaving, host %s) waiting until they are finished', async ([command, leaving, host]) => {
    await using scene = await startHalfOpenScene({ host });
    const everybody = await answersOf(scene.daemon);
    await scene.halfOpen(count);
    const waiting = await untilWaiting(scene.daemon, command, leaving);
    const outcome = await finish(scene);
    const since = performance.now();
    const ran = await waiting.ended;
    report(`${command}, host ${host}`, outcome, `ended ${ms(since)} after the last answer`);
    expect(outcome).toMatchObject(allCompleted);
    // Those that had begun on the leaving slots were served there.
    expect(new Set(Object.keys(outcome.answers))).toEqual(everybody);
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect(await scene.daemon.pids('web')).toHaveLength(4 - leaving);
  });

  test('begun during a scale-down are on the slots that stay: it neither waits for them nor loses them', async () => {
    // Longer than a handshake lives (a minute): to wait for those that are never finished would see them go.
    await using scene = await startHalfOpenScene({ drainTimeout: '90s' });
    await scene.halfOpen(count);
    const waiting = await untilWaiting(scene.daemon, 'scale web 1', 3);
    expect(await scene.client.open(count)).toBe(count);
    const first = await finish(scene);
    const since = performance.now();
    const scaled = await waiting.ended;
    const after = `ended ${ms(since)} after their last answer`;
    expect(scaled.exitCode, scaled.stderr).toBe(0);
    expect(await scene.link.halfOpen(scene.port)).toBe(count);
    const second = await finish(scene);
    report('scale web 1, begun before', first, after);
    report('scale web 1, begun during', second);
    expect(first).toMatchObject(allCompleted);
    expect(second).toMatchObject(allCompleted);
    expect(new Set(Object.keys(second.answers))).toEqual(await answersOf(scene.daemon));
  });

  test('finished while the leaving worker is stalled are accepted before its socket closes', async () => {
    await using scene = await startHalfOpenScene();
    const pids = await scene.daemon.pids('web');
    const stalled = pids[3] ?? 0;
    await scene.halfOpen(count);
    const waiting = await untilWaiting(scene.daemon, 'scale web 3', 1);
    process.kill(stalled, 'SIGSTOP');
    expect(await scene.client.acknowledge(count)).toBe(count);
    expect(await within(1_000, waiting.ended)).toBeUndefined();
    process.kill(stalled, 'SIGCONT');
    const outcome = await scene.client.outcome();
    const scaled = await waiting.ended;
    report('scale web 3, leaving worker stalled', outcome);
    expect(outcome).toMatchObject(allCompleted);
    expect(Object.keys(outcome.answers)).toContain(`r0 ${stalled}`);
    expect(scaled.exitCode, scaled.stderr).toBe(0);
  });

  test.for([
    { steering: 'cbpf', becomes: 'reset' },
    { steering: 'ebpf', becomes: 'taken over by another slot' },
  ] as const)(
    'that are never finished do not hold a scale-down beyond drainTimeout, and are $becomes by $steering',
    async ({ steering }) => {
      if (steering === 'ebpf') expect(ebpfRefusal()).toBeUndefined();
      await using scene = await startHalfOpenScene({ drainTimeout: '2s', steering });
      await scene.halfOpen(count);
      const since = performance.now();
      const scaled = await scene.daemon.ctl('scale', 'web', '3');
      const tookMs = performance.now() - since;
      expect(scaled.exitCode, scaled.stderr).toBe(0);
      expect(tookMs).toBeGreaterThan(1_900);
      const outcome = await finish(scene);
      report(`scale web 3, ACK after drainTimeout, ${steering}`, outcome, `scaled in ${Math.round(tookMs)} ms`);
      expect(outcome.completed + outcome.reset).toBe(count);
      if (steering === 'ebpf') expect(outcome).toMatchObject(allCompleted);
      else expect(outcome.reset).toBeGreaterThan(0);
    },
  );

  test('survive a roll and a SIGKILL by ebpf too', async () => {
    await using scene = await startHalfOpenScene({ steering: 'ebpf' });
    await scene.halfOpen(count);
    expect((await scene.daemon.ctl('roll', 'web')).exitCode).toBe(0);
    const [victim = 0] = await scene.daemon.pids('web');
    process.kill(victim, 'SIGKILL');
    const outcome = await finish(scene);
    report('roll and SIGKILL, ebpf', outcome);
    expect(outcome).toMatchObject(allCompleted);
  });
});

describe.skipIf(refusal !== undefined)('the instrument sees a loss', () => {
  test('when one of four bare processes with reusePort is terminated', async () => {
    await using scene = await startNaiveScene();
    await scene.halfOpen(count);
    await scene.terminate(0);
    const outcome = await finish(scene);
    report('bare reusePort, SIGTERM of one', outcome);
    expect(outcome.reset).toBeGreaterThan(0);
    expect(outcome.completed).toBe(count - outcome.reset);
  });

  test.for([0, 1])('when a roll of bind: worker closes listeners, with tcp_migrate_req=%i', async (migrate) => {
    await using scene = await startHalfOpenScene({ bind: 'worker', migrate });
    await scene.halfOpen(count);
    const rolled = await scene.daemon.ctl('roll', 'web');
    expect(rolled.exitCode, rolled.stderr).toBe(0);
    const outcome = await finish(scene);
    report(`bind: worker, roll, tcp_migrate_req=${migrate}`, outcome);
    if (migrate === 1) expect(outcome).toMatchObject(allCompleted);
    else expect(outcome.reset).toBeGreaterThan(0);
    expect(outcome.completed + outcome.reset).toBe(count);
  });
});

const allCompleted = { completed: count, reset: 0, silent: 0 };

async function finish({ client }: Scene): Promise<HandshakeOutcome> {
  expect(await client.acknowledge(count)).toBe(count);
  return client.outcome();
}

async function slots(daemon: Daemon) {
  return (await daemon.status()).programs.flatMap((program) => program.slots);
}

/** What the ready workers answer with. */
async function answersOf(daemon: Daemon): Promise<Set<string>> {
  const ready = (await slots(daemon)).filter((slot) => slot.ready);
  return new Set(ready.map(({ pid }) => `r0 ${pid}`));
}

/** Starts the command, and sees that it does not end while the handshakes are half-open. */
async function untilWaiting(daemon: Daemon, command: string, leaving: number): Promise<RunningCommand> {
  const running = daemon.startCtl(...command.split(' '));
  const left = async (): Promise<boolean> => (await clearing(daemon)) === leaving;
  await until(left, { what: `${leaving} slots to be steered away from`, deadline: 60_000 });
  expect(await within(1_000, running.ended)).toBeUndefined();
  expect(await clearing(daemon)).toBe(leaving);
  return running;
}

async function clearing(daemon: Daemon): Promise<number> {
  return (await slots(daemon)).filter(({ leaving }) => leaving.some(({ step }) => step === 'clearing')).length;
}

function dead(daemon: Daemon): number {
  return daemon.log.filter(({ event }) => event === 'exited').length;
}

async function untilServedByOthers(daemon: Daemon, gone: readonly number[]): Promise<void> {
  const served = async (): Promise<boolean> =>
    (await slots(daemon)).every(({ ready, pid }) => ready && pid !== undefined && !gone.includes(pid));
  await until(served, { what: 'other workers in the place of the killed', deadline: 60_000 });
}

function report(what: string, { completed, reset, silent, answers }: HandshakeOutcome, more = ''): void {
  const spread = Object.values(answers).toSorted((left, right) => right - left);
  const figures = `${completed} completed, ${reset} reset, ${silent} silent`;
  console.log(`${what}: ${figures}; by worker ${spread.join(' ')}${more === '' ? '' : `; ${more}`}`);
}

function ms(since: number): string {
  return `${Math.round(performance.now() - since)} ms`;
}
