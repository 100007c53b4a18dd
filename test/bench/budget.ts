import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startTarget } from '../harness/loss-scenarios.ts';
import { pause } from '../harness/until.ts';
import { startBareWorkers } from './bare-workers.ts';
import { BenchOutput } from './bench-output.ts';
import { compareStatus } from './command-time.ts';
import { median, spread } from './median.ts';
import { compareThroughput, type Mode, type ThroughputPair } from './throughput.ts';
import { compareBoot } from './worker-boot.ts';

/**
 * `npm run bench:budget [-- --rounds 9 --seconds 2 --strict --write]`: what portherd costs, against the budgets it has.
 * All from one run, portherd and bare in turns. Exits 0 whatever the verdicts, or 1 on a miss with --strict: on a machine
 * with other work a single run proves little.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '2' },
    strict: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const workers = 4;
const rows: string[][] = [];
let missed = 0;

const output = new BenchOutput('Budgets');
output.machine();
{
  await using daemon = await startTarget('plain');
  await using bare = await startBareWorkers(workers);
  for (const mode of ['keep-alive', 'one connection per request'] satisfies Mode[]) {
    const pair = await compareThroughput(mode, daemon, bare, rounds, Number(values.seconds) * 1_000);
    const ratio = median(pair.rates);
    judge(`throughput, ${mode}`, `${ratio.toFixed(3)} × bare`, spread(pair.rates, 3), '≥ 0.98 ×', ratio >= 0.98);
    note(pair);
  }
  const boot = await compareBoot(daemon, 2 * rounds);
  const extra = boot.herdMs.map((ms, at) => ms - (boot.bareMs[at] ?? Number.NaN));
  const bootMs = `+${median(extra).toFixed(1)} ms (bare ${median(boot.bareMs).toFixed(1)})`;
  judge('worker boot, spawn to listening', bootMs, spread(extra, 1), '≤ bare + 15 ms', median(extra) <= 15);

  const { statusMs, nodeMs } = await compareStatus(daemon, 2 * rounds);
  const statusText = `${median(statusMs).toFixed(1)} ms (node -e 0: ${median(nodeMs).toFixed(1)})`;
  judge('portherdctl status, wall', statusText, spread(statusMs, 1), '≤ 75 ms', median(statusMs) <= 75);

  const rss: number[] = [];
  for (let sample = 0; sample < rounds; sample++) {
    rss.push(rssMegabytes(daemon.pid));
    await pause(200);
  }
  const most = Math.max(...rss);
  judge(`supervisor RSS, ${workers} workers`, `${most.toFixed(1)} MB`, spread(rss, 1), '≤ 85 MB', most <= 85);
}
output.table(['budget', 'measured (median)', 'middle half', 'allowed', 'verdict'], rows);
if (values.write) await output.write(`npm run bench:budget -- --rounds ${rounds} --seconds ${values.seconds} --write`);
if (values.strict && missed > 0) process.exitCode = 1;

function judge(what: string, measured: string, middle: string, allowed: string, holds: boolean): void {
  if (!holds) missed += 1;
  rows.push([what, measured, middle, allowed, holds ? 'PASS' : 'MISS']);
  console.log(`${holds ? 'PASS' : 'MISS'} ${what}: ${measured}`);
}

/** Beside the budgets: how much a ratio means when client and servers share the cores. */
function note({ mode, cpu, bareRates, failed }: ThroughputPair): void {
  const rate = `bare ${Math.round(median(bareRates))}/s, ${failed} failed`;
  rows.push([`  workers’ CPU per request, ${mode}`, `${median(cpu).toFixed(3)} × bare`, spread(cpu, 3), rate, '']);
}

function rssMegabytes(pid: number): number {
  const kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
  return (kib * 1024) / 1e6;
}
