import { getText } from '../harness/get-text.ts';
import { startRequests } from '../harness/steady-requests.ts';
import { pause } from '../harness/until.ts';
import type { BenchOutput } from './bench-output.ts';
import { type Contender, type ContenderName, endField, type Field, startField, sum, titles } from './contenders.ts';
import { median } from './median.ts';

/**
 * One worker is blocked for two seconds, by a busy loop in a request, while 200 requests come each second on new connections: what
 * those take that come while it lasts. nginx has no request that blocks it: one of its workers is stopped by a signal for as long.
 */
export interface StallOptions {
  readonly rounds: number;
}

export const stallDefaults: StallOptions = { rounds: 3 };

const perSecond = 200;
const blockMs = 2_000;
const warmMs = 1_500;
/** Slower than this has met the blocked worker. */
const metMs = 250;
const timesBetter = 10;

interface Stall {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly met: number;
  readonly requests: number;
  readonly failed: number;
}

/** Answers how many targets were missed. */
export async function benchStall(field: Field, { rounds }: StallOptions, output: BenchOutput): Promise<number> {
  const { workers, names } = field;
  const found = new Map<ContenderName, Stall[]>(names.map((name) => [name, []]));
  const contenders = await startField(field);
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, { it }] of contenders) found.get(name)?.push(await stall(it, name));
      console.log(`stall ${workers} workers: round ${round + 1} of ${rounds}`);
    }
  } finally {
    await endField(contenders);
  }
  const p99Of = (name: ContenderName): number => median((found.get(name) ?? []).map(({ p99Ms }) => p99Ms));
  let missed = 0;
  const rows = names.map((name) => {
    const stalls = found.get(name) ?? [];
    const failed = sum(stalls.map((one) => one.failed));
    const better = p99Of('hash') / p99Of(name);
    const holds = better >= timesBetter && failed === 0;
    if (name === 'portherd' && !holds) missed += 1;
    const worst = Math.max(...stalls.map(({ p99Ms }) => p99Ms));
    const met = `${sum(stalls.map((one) => one.met))} of ${sum(stalls.map(({ requests }) => requests))}`;
    return [
      titles[name],
      median(stalls.map(({ p50Ms }) => p50Ms)).toFixed(1),
      `${p99Of(name).toFixed(0)} (${worst.toFixed(0)})`,
      Math.max(...stalls.map(({ maxMs }) => maxMs)).toFixed(0),
      met,
      String(failed),
      `${better.toFixed(1)} ×`,
      name === 'portherd' ? (holds ? 'ok' : 'MISS') : '',
    ];
  });
  output.say(
    `${workers} workers, one blocked for ${blockMs / 1_000} s, ${perSecond} new connections/s; median of ${rounds} (worst)`,
  );
  output.say('');
  const head = ['', 'p50 ms', 'p99 ms', 'max ms', `> ${metMs} ms`, 'failed', 'p99, bare ÷ this', '≥ 10 ×, 0 failed'];
  output.table(head, rows);
  output.say('');
  return missed;
}

async function stall(contender: Contender, name: ContenderName): Promise<Stall> {
  const pids = await contender.pids();
  await using requests = startRequests(contender.port, perSecond);
  await pause(warmMs);
  const blockedAt = performance.now();
  if (name === 'nginx') await stopForAWhile(pids[0] ?? 0);
  else await getText(contender.port, `/?ms=${blockMs}`);
  const done = await requests.stop();
  const during = done.filter(({ at }) => at >= blockedAt && at < blockedAt + blockMs);
  const took = during.map(({ tookMs = 0 }) => tookMs).toSorted((one, other) => one - other);
  const at = (share: number): number => took[Math.ceil(took.length * share) - 1] ?? Number.NaN;
  return {
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    met: took.filter((ms) => ms > metMs).length,
    requests: took.length,
    failed: done.filter(({ failed }) => failed).length,
  };
}

async function stopForAWhile(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  try {
    await pause(blockMs);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}
