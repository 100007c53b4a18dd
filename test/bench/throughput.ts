import { readFileSync } from 'node:fs';
import type { Daemon } from '../harness/daemon.ts';
import { type Load, startLoad } from '../harness/load.ts';
import type { LossOptions } from '../harness/loss-client.ts';
import type { LossReport } from '../harness/loss-report.ts';
import { pause } from '../harness/until.ts';
import type { BareWorkers } from './bare-workers.ts';

/**
 * Requests per second under portherd (H) and bare (B), and of a second bare set (N, for null) against the first: what N ÷ B
 * shows is noise, and H ÷ B means only what goes beyond it. Rounds are B H N N H B and B N H H N B in turn, half a second each, so
 * that whatever else the machine does, and whatever the turn before has left behind (TIME_WAIT, garbage), hits all alike.
 * Client and servers share the cores: where the client is what limits, a ratio near 1 says little, and the servers' own
 * CPU time for a request says more. Both are measured.
 */
export type Mode = 'keep-alive' | 'one connection per request';

export interface Throughput {
  readonly mode: Mode;
  /** portherd ÷ bare, of requests per second. */
  readonly rates: readonly number[];
  /** portherd ÷ bare, of the workers' CPU time for a request. */
  readonly cpu: readonly number[];
  /** null ÷ bare, of requests per second and of CPU time: what 1 looks like on this machine now. */
  readonly noise: readonly number[];
  readonly cpuNoise: readonly number[];
  readonly bareRates: readonly number[];
  readonly failed: number;
}

interface Sample {
  readonly requests: number;
  readonly ms: number;
  /** Of the workers. */
  readonly cpuMs: number;
  readonly failed: number;
}

interface Round {
  readonly herd: Sample;
  readonly null: Sample;
  readonly bare: Sample;
}

const loads: Readonly<Record<Mode, Pick<LossOptions, 'connections' | 'keepAlive'>>> = {
  'keep-alive': { connections: 0, keepAlive: { clients: 32, thinkMs: 0 } },
  'one connection per request': { connections: 32 },
};

export async function compareThroughput(
  mode: Mode,
  daemon: Daemon,
  bare: BareWorkers,
  second: BareWorkers,
  rounds: number,
  turnMs: number,
): Promise<Throughput> {
  const targets: Record<Turn, Target> = {
    H: { port: daemon.port(), pids: await daemon.pids('web') },
    N: second,
    B: bare,
  };
  // One client process for all, or a difference between two would pass for one between the servers.
  await using load = await startLoad({ port: bare.port, ...loads[mode] });
  await load.halt();
  const found: Round[] = [];
  // The first round warms up: apps and clients are compiled by its end.
  for (let round = 0; round <= rounds; round++) {
    const turns: Record<Turn, Sample[]> = { B: [], H: [], N: [] };
    for (const turn of orders[round % 2] ?? []) turns[turn].push(await measure(load, mode, targets[turn], turnMs));
    if (round > 0) found.push({ herd: sum(turns.H), null: sum(turns.N), bare: sum(turns.B) });
  }
  return {
    mode,
    rates: found.map(({ herd, bare }) => rate(herd) / rate(bare)),
    cpu: found.map(({ herd, bare }) => cpuPerRequest(herd) / cpuPerRequest(bare)),
    noise: found.map(({ null: same, bare }) => rate(same) / rate(bare)),
    cpuNoise: found.map(({ null: same, bare }) => cpuPerRequest(same) / cpuPerRequest(bare)),
    bareRates: found.map(({ bare }) => rate(bare) * 1_000),
    failed: found.reduce((all, { herd, null: same, bare }) => all + herd.failed + same.failed + bare.failed, 0),
  };
}

type Turn = 'B' | 'H' | 'N';

const orders: readonly (readonly Turn[])[] = [
  ['B', 'H', 'N', 'N', 'H', 'B'],
  ['B', 'N', 'H', 'H', 'N', 'B'],
];

type Target = Pick<BareWorkers, 'port' | 'pids'>;

async function measure(load: Load, mode: Mode, { port, pids }: Target, ms: number): Promise<Sample> {
  await load.resume({ port, ...loads[mode] });
  // Connections are made, and the other target's are gone, before the clock starts.
  await pause(150);
  const [before, cpuBefore] = [await load.report(), cpuMs(pids)];
  await pause(ms);
  const [after, cpuAfter] = [await load.report(), cpuMs(pids)];
  const { oneShot, keepAlive } = await load.halt();
  return {
    requests: answered(after) - answered(before),
    ms: after.elapsedMs - before.elapsedMs,
    cpuMs: cpuAfter - cpuBefore,
    failed: oneShot.failed + keepAlive.failed,
  };
}

/** Per ms. */
function rate({ requests, ms }: Sample): number {
  return requests / ms;
}

function cpuPerRequest({ cpuMs, requests }: Sample): number {
  return cpuMs / requests;
}

function sum(samples: readonly Sample[]): Sample {
  const total = (field: keyof Sample): number => samples.reduce((all, sample) => all + sample[field], 0);
  return { requests: total('requests'), ms: total('ms'), cpuMs: total('cpuMs'), failed: total('failed') };
}

function answered({ oneShot, keepAlive }: LossReport): number {
  return oneShot.ok + keepAlive.ok;
}

/** utime + stime, fields 14 and 15 of /proc/PID/stat; in ticks of 10 ms on every Linux that Node runs on. */
function cpuMs(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const afterName = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return Number(afterName[11]) + Number(afterName[12]);
  });
  return ticks.reduce((all, own) => all + own, 0) * 10;
}
