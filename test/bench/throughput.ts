import { readFileSync } from 'node:fs';
import type { Daemon } from '../harness/daemon.ts';
import { startLoad } from '../harness/load.ts';
import type { LossOptions } from '../harness/loss-client.ts';
import type { LossReport } from '../harness/loss-report.ts';
import { pause } from '../harness/until.ts';
import type { BareWorkers } from './bare-workers.ts';

/**
 * Requests per second under portherd and bare, in turns, so that whatever else the machine does hits both. Client and
 * servers share the cores: where the client is what limits, a ratio near 1 says little, and the servers' own CPU time for
 * a request says more. Both are measured.
 */
export type Mode = 'keep-alive' | 'one connection per request';

export interface ThroughputPair {
  readonly mode: Mode;
  /** portherd ÷ bare, of requests per second. */
  readonly rates: readonly number[];
  /** portherd ÷ bare, of the workers' CPU time for a request. */
  readonly cpu: readonly number[];
  readonly bareRates: readonly number[];
  readonly failed: number;
}

interface Sample {
  readonly rate: number;
  readonly cpuPerRequestUs: number;
  readonly failed: number;
}

const loads: Readonly<Record<Mode, Pick<LossOptions, 'connections' | 'keepAlive'>>> = {
  'keep-alive': { connections: 0, keepAlive: { clients: 32, thinkMs: 0 } },
  'one connection per request': { connections: 32 },
};

export async function compareThroughput(
  mode: Mode,
  daemon: Daemon,
  bare: BareWorkers,
  rounds: number,
  roundMs: number,
): Promise<ThroughputPair> {
  const herd = { port: daemon.port(), pids: await daemon.pids('web') };
  const pairs: { readonly herd: Sample; readonly bare: Sample }[] = [];
  // The first round warms up: both apps' code is compiled by its end.
  for (let round = 0; round <= rounds; round++) {
    const [first, second] = round % 2 === 0 ? [herd, bare] : [bare, herd];
    const a = await measure(mode, first, roundMs);
    const b = await measure(mode, second, roundMs);
    if (round > 0) pairs.push(first === herd ? { herd: a, bare: b } : { herd: b, bare: a });
  }
  return {
    mode,
    rates: pairs.map(({ herd, bare }) => herd.rate / bare.rate),
    cpu: pairs.map(({ herd, bare }) => herd.cpuPerRequestUs / bare.cpuPerRequestUs),
    bareRates: pairs.map(({ bare }) => bare.rate),
    failed: pairs.reduce((sum, { herd, bare }) => sum + herd.failed + bare.failed, 0),
  };
}

async function measure(mode: Mode, target: Pick<BareWorkers, 'port' | 'pids'>, ms: number): Promise<Sample> {
  await using load = await startLoad({ port: target.port, ...loads[mode] });
  // The load process boots and connects before the clock starts.
  await pause(200);
  const [before, cpuBefore] = [await load.report(), cpuSeconds(target.pids)];
  await pause(ms);
  const [after, cpuAfter] = [await load.report(), cpuSeconds(target.pids)];
  const requests = answered(after) - answered(before);
  return {
    rate: (requests / (after.elapsedMs - before.elapsedMs)) * 1_000,
    cpuPerRequestUs: ((cpuAfter - cpuBefore) / requests) * 1e6,
    failed: after.oneShot.failed + after.keepAlive.failed,
  };
}

function answered({ oneShot, keepAlive }: LossReport): number {
  return oneShot.ok + keepAlive.ok;
}

/** utime + stime, fields 14 and 15 of /proc/PID/stat; in ticks of 10 ms on every Linux that Node runs on. */
function cpuSeconds(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const afterName = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return Number(afterName[11]) + Number(afterName[12]);
  });
  return ticks.reduce((sum, own) => sum + own, 0) / 100;
}
