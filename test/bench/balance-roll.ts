import { acceptedByEach } from '../harness/accepted-connections.ts';
import type { Daemon } from '../harness/daemon.ts';
import { type Load, startLoad } from '../harness/load.ts';
import type { LossOptions } from '../harness/loss-client.ts';
import { failedIn } from '../harness/loss-scenarios.ts';
import { pause, until } from '../harness/until.ts';
import type { BenchOutput } from './bench-output.ts';
import { skewOf, startBalanceDaemon, sum } from './contenders.ts';
import { median } from './median.ts';
import { keep } from './started.ts';

/**
 * After a roll the first slots have the clients of the last ones. How long until the busiest has at most 1.10 × the mean again:
 * with clients that come and go, and with clients that keep their connection, which only shedding can move.
 */
export interface RollOptions {
  readonly rounds: number;
}

export const rollDefaults: RollOptions = { rounds: 2 };

/** A connection lives 1 to 3 s: a quarter of a thousand come and go each second. */
const churn = { connections: 512, writeDelayMs: 2_000, writeDelayJitter: 0.5, timeoutMs: 20_000 };
const keepers = { connections: 0, keepAlive: { clients: 256, thinkMs: 500 } };

interface Course {
  readonly name: string;
  readonly load: Omit<LossOptions, 'port'>;
  readonly balance?: object;
  /** Ask for it once the roll is done. */
  readonly rebalance?: true;
  /** Of the issue, ms; none where there is nothing to hold. */
  readonly limitMs?: number;
}

const courses: readonly Course[] = [
  { name: 'churn', load: churn, limitMs: 10_000 },
  { name: 'churn, kernel’s hash', load: churn, balance: { policy: 'hash' } },
  {
    name: 'keep-alive, shedding by itself',
    load: keepers,
    balance: { shed: { automatic: true, above: 1.1 } },
    limitMs: 10_000,
  },
  { name: 'keep-alive, portherdctl rebalance', load: keepers, rebalance: true, limitMs: 10_000 },
  { name: 'keep-alive, left alone', load: keepers },
];

interface Recovery {
  readonly skewAfterRoll: number;
  /** From when on it was at most 1.10 for a second; Infinity when not within the time watched. */
  readonly evenMs: number;
  /** Worst of the last second that was watched. */
  readonly skewAtEnd: number;
  readonly failed: number;
}

const skewMax = 1.1;
const watchMs = 11_000;
const lookMs = 200;
/** Of looks, a second. */
const lasting = 5;

/** Answers how many targets were missed. */
export async function benchRoll(workers: number, { rounds }: RollOptions, output: BenchOutput): Promise<number> {
  let missed = 0;
  const rows: string[][] = [];
  const recoveries = new Map<Course, Recovery[]>(courses.map((course) => [course, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const load of [churn, keepers]) {
      // All with the same load at the same time: whatever else the machine does hits all alike.
      const alike = courses.filter((course) => course.load === load);
      await Promise.all(alike.map(async (course) => recoveries.get(course)?.push(await rollAndWatch(workers, course))));
    }
    console.log(`roll ${workers} workers: round ${round + 1} of ${rounds}`);
  }
  for (const [course, found] of recoveries) {
    const evenMs = found.map((one) => one.evenMs);
    const failed = sum(found.map((one) => one.failed));
    const holds = Math.max(...evenMs) <= (course.limitMs ?? Number.POSITIVE_INFINITY) && failed === 0;
    if (course.limitMs !== undefined && !holds) missed += 1;
    const skews = (of: (one: Recovery) => number): string => found.map((one) => of(one).toFixed(2)).join(', ');
    rows.push([
      course.name,
      skews((one) => one.skewAfterRoll),
      `${secondsOf(median(evenMs))} (${secondsOf(Math.max(...evenMs))})`,
      skews((one) => one.skewAtEnd),
      String(failed),
      course.limitMs === undefined ? '' : holds ? 'ok' : 'MISS',
    ]);
  }
  output.say(`${workers} workers, after a roll: ${churn.connections} connections that live 1 to 3 s, or`);
  output.say(`${keepers.keepAlive.clients} keep-alive clients with a request each ${keepers.keepAlive.thinkMs} ms`);
  output.say('');
  const head = [
    'clients',
    'max ÷ mean after',
    '≤ 1.10 after, median (worst)',
    'after 10 s',
    'failed',
    '≤ 10 s, 0 failed',
  ];
  output.table(head, rows);
  output.say('');
  return missed;
}

async function rollAndWatch(workers: number, { load: options, balance, rebalance }: Course): Promise<Recovery> {
  await using daemon = await keep(() => startBalanceDaemon(workers, balance));
  await using load = await keep(() => startLoad({ port: daemon.it.port(), ...options }));
  const count = options.keepAlive?.clients ?? options.connections ?? 0;
  await until(async () => sum(await held(daemon.it)) >= 0.95 * count, { what: `${count} clients to be connected` });
  // Each connection has come and gone once.
  await pause(4_000);
  const roll = await daemon.it.ctl('roll', 'web');
  if (roll.exitCode !== 0) throw new Error(`the roll failed: ${roll.stderr}`);
  const asked = rebalance === undefined ? undefined : daemon.it.ctl('rebalance', 'web');
  const watched = await watch(daemon.it);
  await asked;
  return { ...watched, failed: await failedOf(load.it) };
}

async function watch(daemon: Daemon): Promise<Omit<Recovery, 'failed'>> {
  const pids = await daemon.pids('web');
  const looks: { readonly atMs: number; readonly skew: number }[] = [];
  const since = performance.now();
  while (performance.now() - since < watchMs) {
    looks.push({ atMs: performance.now() - since, skew: skewOf(acceptedByEach(pids, daemon.port())) });
    await pause(lookMs);
  }
  const even = looks.findIndex((_, at) => {
    const next = looks.slice(at, at + lasting);
    return next.length === lasting && next.every(({ skew }) => skew <= skewMax);
  });
  return {
    skewAfterRoll: looks[0]?.skew ?? Number.NaN,
    evenMs: looks[even]?.atMs ?? Number.POSITIVE_INFINITY,
    skewAtEnd: Math.max(...looks.slice(-lasting).map(({ skew }) => skew)),
  };
}

async function held(daemon: Daemon): Promise<readonly number[]> {
  return acceptedByEach(await daemon.pids('web'), daemon.port());
}

async function failedOf(load: Load): Promise<number> {
  return failedIn(await load.halt());
}

function secondsOf(ms: number): string {
  return Number.isFinite(ms) ? `${(ms / 1_000).toFixed(1)} s` : 'never';
}
