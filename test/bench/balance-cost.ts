import { startRequests } from '../harness/steady-requests.ts';
import { pause } from '../harness/until.ts';
import type { BenchOutput } from './bench-output.ts';
import {
  type Contender,
  daemonContender,
  endField,
  type Field,
  startBalanceDaemon,
  startField,
  sum,
  titles,
} from './contenders.ts';
import { median } from './median.ts';
import { keep } from './started.ts';

/**
 * One request in ten costs 50 ms of CPU, the others next to nothing: how long requests take, each on a new connection. Two cores
 * are shared by all: 100 requests/s are half a core of work. No target: published whatever it is. nginx has nothing that costs.
 */
export interface CostOptions {
  readonly rounds: number;
}

export const costDefaults: CostOptions = { rounds: 3 };

const perSecond = 100;
const runMs = 6_000;
const costlyMs = 50;
const costlyShare = 0.1;

interface Cost {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the cheap ones: what they waited behind others. */
  readonly cheapP99Ms: number;
  readonly failed: number;
}

export async function benchCost(field: Field, { rounds }: CostOptions, output: BenchOutput): Promise<void> {
  const { workers } = field;
  const names = field.names.filter((name) => name !== 'nginx');
  const found = new Map<string, Cost[]>();
  const contenders = await startField({ ...field, names });
  await using load = await keep(async () => daemonContender(await startBalanceDaemon(workers, { policy: 'load' })));
  const all: [string, Contender][] = [
    ...names.map((name): [string, Contender | undefined] => [titles[name], contenders.get(name)?.it]),
    ['portherd, policy load', load.it] as [string, Contender | undefined],
  ].filter((one): one is [string, Contender] => one[1] !== undefined);
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, contender] of all) found.set(name, [...(found.get(name) ?? []), await measure(contender)]);
      console.log(`cost ${workers} workers: round ${round + 1} of ${rounds}`);
    }
  } finally {
    await endField(contenders);
  }
  const p99Of = (name: string): number => median((found.get(name) ?? []).map(({ p99Ms }) => p99Ms));
  const rows = all.map(([name]) => {
    const costs = found.get(name) ?? [];
    const of = (field: keyof Cost): readonly number[] => costs.map((cost) => cost[field]);
    return [
      name,
      median(of('p50Ms')).toFixed(1),
      `${p99Of(name).toFixed(0)} (${Math.max(...of('p99Ms')).toFixed(0)})`,
      `${median(of('cheapP99Ms')).toFixed(0)} (${Math.max(...of('cheapP99Ms')).toFixed(0)})`,
      String(sum(of('failed'))),
      `${(p99Of(titles.hash) / p99Of(name)).toFixed(2)} ×`,
    ];
  });
  output.say(
    `${workers} workers, ${perSecond} requests/s, one in ten costs ${costlyMs} ms of CPU; median of ${rounds} (worst)`,
  );
  output.say('');
  output.table(['', 'p50 ms', 'p99 ms', 'p99 of the cheap, ms', 'failed', 'p99, bare ÷ this'], rows);
  output.say('');
}

async function measure({ port }: Contender): Promise<Cost> {
  const costly = new Set<number>();
  let asked = 0;
  await using requests = startRequests(port, perSecond, () => {
    asked += 1;
    if (Math.random() >= costlyShare) return '/';
    costly.add(asked - 1);
    return `/?ms=${costlyMs}`;
  });
  await pause(runMs);
  const done = await requests.stop();
  const ms = done.map(({ tookMs = 0 }) => tookMs);
  return {
    p50Ms: quantile(ms, 0.5),
    p99Ms: quantile(ms, 0.99),
    cheapP99Ms: quantile(
      ms.filter((_, at) => !costly.has(at)),
      0.99,
    ),
    failed: done.filter(({ failed }) => failed).length,
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}
