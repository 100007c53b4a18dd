import type { RollLine, SlotStatus } from '../../src/protocol/control.ts';
import type { UpdateLine } from '../../src/protocol/control-update.ts';
import { freezeAndCount } from './accepted-connections.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { getText } from './get-text.ts';
import { type Load, startLoad } from './load.ts';
import type { LossReport } from './loss-report.ts';
import { until } from './until.ts';

/**
 * What an operator does to a serving program, done under load. Shared by test/integration/loss.test.ts, which judges, and
 * test/bench/loss.ts, which prints. Each scenario has a load of its own, so that its report is its own.
 */
export interface ScenarioResult {
  readonly scenario: ScenarioName;
  /** Rolls, kills, changes of scale, updates. */
  readonly times: number;
  readonly report: LossReport;
  /** What may fail: nothing, or the connections which the killed processes had accepted. */
  readonly allowed: number;
  /** Kills after which more failed than the process had accepted. */
  readonly excesses: readonly string[];
}

export type ScenarioName = 'rolls' | 'scaling' | 'updates' | 'kills';
export type TargetApp = 'plain' | 'express' | 'fastify';

export interface Counts {
  readonly rolls: number;
  readonly scaling: number;
  readonly updates: number;
  readonly kills: number;
}

/** The counts. */
export const fullCounts: Counts = { rolls: 50, scaling: 20, updates: 10, kills: 20 };

/** 32 + 24 open connections on 4 workers keep two cores busy without starving the supervisor. */
const load = { connections: 32, keepAlive: { clients: 24, thinkMs: 20 } } as const;

const workers = 4;

const files: Readonly<Record<TargetApp, string>> = {
  plain: 'target-plain.cjs',
  express: 'target-express.js',
  fastify: 'target-fastify.js',
};

/** Four workers of an unmodified app. minReady is a soak for people; here it would only be waiting. */
export function targetConfig(app: TargetApp, release: string) {
  const web = {
    command: [process.execPath, files[app]],
    workers,
    environment: { RELEASE: release },
    roll: { minReady: '0s' },
    stop: { idleTimeout: '2s', drainTimeout: '10s', killTimeout: '5s' },
    // 20 kills within seconds would look like a crash loop, and rightly so.
    backoff: { initial: '50ms', max: '200ms' },
    startRetries: 100,
  };
  return { programs: { web } };
}

export function startTarget(app: TargetApp): Promise<Daemon> {
  return startDaemon(targetConfig(app, 'r0'));
}

export async function rolls(daemon: Daemon, times: number): Promise<ScenarioResult> {
  return underLoad('rolls', daemon, times, async () => {
    const before = await daemon.pids('web');
    const reply = await daemon.api('POST', '/v1/roll', { programs: ['web'], wait: true });
    expectDone('roll', reply.lines(), reply.text);
    const kept = (await daemon.pids('web')).filter((pid) => before.includes(pid));
    if (kept.length > 0) throw new Error(`the roll kept ${kept.join(', ')} of ${before.join(', ')}`);
  });
}

/** Each time: two more, and back. */
export async function scaling(daemon: Daemon, times: number): Promise<ScenarioResult> {
  return underLoad('scaling', daemon, times, async () => {
    for (const count of [workers + 2, workers]) {
      const reply = await daemon.api('POST', '/v1/scale', { program: 'web', workers: count });
      if (reply.status !== 200) throw new Error(`scale ${count}: ${reply.status} ${reply.text}`);
      const { length } = await readySlots(daemon);
      if (length !== count) throw new Error(`scaled to ${count}, but ${length} are ready`);
    }
  });
}

/** Each time the environment changes, which costs a roll; the answers prove that it took effect. */
export async function updates(daemon: Daemon, app: TargetApp, times: number): Promise<ScenarioResult> {
  return underLoad('updates', daemon, times, async (_, n) => {
    const release = `release-${n}`;
    await daemon.rewrite(targetConfig(app, release));
    const reply = await daemon.api('POST', '/v1/update', { programs: [] });
    expectDone('update', reply.lines(), reply.text);
    for (let answer = 0; answer < 2 * workers; answer++) {
      const text = await getText(daemon.port());
      if (!text.includes(release)) throw new Error(`after the update to ${release} came ${text}`);
    }
  });
}

/** Each time one random worker, frozen first so that what it had accepted is known exactly. */
export async function kills(daemon: Daemon, times: number): Promise<ScenarioResult> {
  const excesses: string[] = [];
  let allowed = 0;
  let failedBefore = 0;
  const result = await underLoad('kills', daemon, times, async (load, n) => {
    const slots = await readySlots(daemon);
    const victim = slots[Math.floor(Math.random() * slots.length)];
    if (victim?.pid === undefined) throw new Error('no worker is ready to be killed');
    const accepted = await freezeAndCount(victim.pid, daemon.port());
    process.kill(victim.pid, 'SIGKILL');
    allowed += accepted;
    await until(async () => (await replacedBy(daemon, victim)) !== undefined, {
      what: `slot ${victim.name} to be ready with another process`,
      explain: () => daemon.log.slice(-10),
    });
    const failed = failedIn(await load.report());
    if (failed - failedBefore > accepted) {
      excesses.push(`kill ${n} of ${victim.name}: ${accepted} accepted, ${failed - failedBefore} failed`);
    }
    failedBefore = failed;
  });
  return { ...result, allowed, excesses };
}

export function failedIn({ oneShot, keepAlive }: LossReport): number {
  return oneShot.failed + keepAlive.failed;
}

async function underLoad(
  scenario: ScenarioName,
  daemon: Daemon,
  times: number,
  act: (load: Load, n: number) => Promise<void>,
): Promise<ScenarioResult> {
  await using running = await startLoad({ port: daemon.port(), ...load });
  await until(async () => (await running.report()).keepAlive.ok > 100, { what: 'the load to be under way' });
  for (let n = 1; n <= times; n++) await act(running, n);
  return { scenario, times, report: await running.stop(), allowed: 0, excesses: [] };
}

async function readySlots(daemon: Daemon): Promise<SlotStatus[]> {
  const { programs } = await daemon.status();
  return programs.flatMap(({ slots }) => slots.filter(({ ready }) => ready));
}

async function replacedBy(daemon: Daemon, victim: SlotStatus): Promise<SlotStatus | undefined> {
  return (await readySlots(daemon)).find(({ name, pid }) => name === victim.name && pid !== victim.pid);
}

/** The last line of a roll or an update says whether it went well. */
function expectDone(what: string, lines: readonly (RollLine | UpdateLine)[], text: string): void {
  const last = lines.at(-1);
  const done = last?.t === 'finished' || last?.t === 'done';
  if (!done || last.error !== undefined) throw new Error(`the ${what} failed: ${text}`);
}
