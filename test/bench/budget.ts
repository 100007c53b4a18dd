import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startTarget } from '../harness/loss-scenarios.ts';
import { pause } from '../harness/until.ts';
import { startBareWorkers } from './bare-workers.ts';
import { BenchOutput } from './bench-output.ts';
import { compareStatus } from './command-time.ts';
import { median, quartiles, spread } from './median.ts';
import { compareThroughput, type Mode, type Throughput } from './throughput.ts';
import { compareBoot } from './worker-boot.ts';

/**
 * `npm run bench:budget [-- --rounds 9 --seconds 0.5 --strict --write]`: what portherd costs, against the budgets it has.
 * All from one run, portherd and bare in turns. A verdict is MISS when the median misses and the middle half with it; UNSURE
 * when only the median does, or when two sets of bare processes differ as much. Exits 0 whatever the verdicts, or 1 on a MISS with --strict: on a machine with
 * other work a single run proves little.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '0.5' },
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
  await using second = await startBareWorkers(workers);
  for (const mode of ['keep-alive', 'one connection per request'] satisfies Mode[]) {
    const found = await compareThroughput(mode, daemon, bare, second, rounds, Number(values.seconds) * 1_000);
    const text = `${median(found.rates).toFixed(3)} × bare`;
    judge(`throughput, ${mode}`, text, found.rates, 3, '≥ 0.98 ×', (ratio) => ratio >= 0.98, found.noise);
    note(found);
  }
  const boot = await compareBoot(daemon, 2 * rounds);
  const extra = boot.herdMs.map((ms, at) => ms - (boot.bareMs[at] ?? Number.NaN));
  const bootText = `bare ${signed(median(extra))} ms (bare: ${median(boot.bareMs).toFixed(1)})`;
  judge('worker boot, spawn to listening', bootText, extra, 1, '≤ bare + 15 ms', (ms) => ms <= 15);

  const { statusMs, nodeMs } = await compareStatus(daemon, 2 * rounds);
  const statusText = `${median(statusMs).toFixed(1)} ms (node -e 0: ${median(nodeMs).toFixed(1)})`;
  judge('portherdctl status, wall', statusText, statusMs, 1, '≤ 75 ms', (ms) => ms <= 75);

  const rss: number[] = [];
  for (let sample = 0; sample < 2 * rounds; sample++) {
    rss.push(rssMegabytes(daemon.pid));
    await pause(200);
  }
  const rssText = `${median(rss).toFixed(1)} MB`;
  judge(`supervisor RSS, ${workers} workers`, rssText, rss, 1, '≤ 85 MB', (megabytes) => megabytes <= 85);
}
output.table(['budget', 'measured (median)', 'middle half', 'allowed', 'verdict'], rows);
if (values.write) await output.write(`npm run bench:budget -- --rounds ${rounds} --seconds ${values.seconds} --write`);
if (values.strict && missed > 0) process.exitCode = 1;

function judge(
  what: string,
  measured: string,
  samples: readonly number[],
  digits: number,
  allowed: string,
  holds: (value: number) => boolean,
  noise: readonly number[] = [],
): void {
  const unsure = quartiles(samples).some(holds) || (noise.length > 0 && !quartiles(noise).every(holds));
  const verdict = holds(median(samples)) ? 'PASS' : unsure ? 'UNSURE' : 'MISS';
  if (verdict === 'MISS') missed += 1;
  rows.push([what, measured, spread(samples, digits), allowed, verdict]);
  console.log(`${verdict} ${what}: ${measured}`);
}

/** Beside the budgets: how much a ratio means here and today. */
function note({ mode, cpu, noise, cpuNoise, bareRates, failed }: Throughput): void {
  const rate = `bare ${Math.round(median(bareRates))}/s, ${failed} failed`;
  rows.push([`  bare ÷ bare, ${mode}`, `${median(noise).toFixed(3)} ×`, spread(noise, 3), rate, '']);
  rows.push([`  workers’ CPU per request, ${mode}`, `${median(cpu).toFixed(3)} × bare`, spread(cpu, 3), '', '']);
  rows.push(['  the same, bare ÷ bare', `${median(cpuNoise).toFixed(3)} ×`, spread(cpuNoise, 3), '', '']);
}

function signed(ms: number): string {
  return `${ms < 0 ? '−' : '+'} ${Math.abs(ms).toFixed(1)}`;
}

function rssMegabytes(pid: number): number {
  const kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
  return (kib * 1024) / 1e6;
}
