import { parseArgs } from 'node:util';
import { benchCost, costDefaults } from './balance-cost.ts';
import { benchOpening, openingDefaults } from './balance-opening.ts';
import { benchRoll, rollDefaults } from './balance-roll.ts';
import { benchStall, stallDefaults } from './balance-stall.ts';
import { BenchOutput } from './bench-output.ts';
import type { ContenderName, Field } from './contenders.ts';
import { findNginx } from './nginx.ts';
import { endOnSignals, keep } from './started.ts';

/**
 * `npm run bench:balance [-- --workers 4 --only opening --rounds 8 --quick --strict --write]`: where connections go, against
 * the kernel's hash, node:cluster and nginx, from one run. --workers and --only may be given several times; --rounds is of each
 * part. Exits 1 on a missed target with --strict.
 */
const { values } = parseArgs({
  options: {
    workers: { type: 'string', multiple: true, default: ['4', '8'] },
    only: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const parts = ['opening', 'roll', 'stall', 'cost'] as const;
const chosen = parts.filter((part) => values.only.length === 0 || values.only.includes(part));
if (chosen.length === 0 || values.only.some((only) => !parts.some((part) => part === only)))
  throw new Error(`--only takes ${parts.join(', ')}`);
const times = values.rounds ?? (values.quick ? '1' : undefined);
const rounds = times === undefined ? {} : { rounds: Number(times) };
const quickOpening = values.quick ? { counts: [16, 64, 256], overMs: 4_000 } : {};

endOnSignals();
const output = new BenchOutput('Balance');
output.machine();
await using nginx = await keep(findNginx);
const { path, about } = nginx.it;
const names: readonly ContenderName[] = [
  'portherd',
  'hash',
  'cluster',
  ...(path === undefined ? [] : (['nginx'] as const)),
];
output.say(path === undefined ? `Without nginx: ${about}.` : `${about}, of Debian unless it is installed here.`);
output.say('');
let missed = 0;
for (const workers of values.workers.map(Number)) {
  const field: Field = { workers, names, nginxPath: path ?? '' };
  for (const part of chosen) {
    const since = performance.now();
    if (part === 'opening')
      missed += await benchOpening(field, { ...openingDefaults, ...quickOpening, ...rounds }, output);
    if (part === 'roll') missed += await benchRoll(workers, { ...rollDefaults, ...rounds }, output);
    if (part === 'stall') missed += await benchStall(field, { ...stallDefaults, ...rounds }, output);
    if (part === 'cost') await benchCost(field, { ...costDefaults, ...rounds }, output);
    console.log(`${part} with ${workers} workers took ${((performance.now() - since) / 1_000).toFixed(0)} s\n`);
  }
}
output.say(missed === 0 ? 'Every target is met.' : `${missed} targets are missed.`);
if (values.write) await output.write(`npm run bench:balance -- ${process.argv.slice(2).join(' ')}`);
if (values.strict && missed > 0) process.exitCode = 1;
