import type { GradualConnections } from '../harness/gradual-connections.ts';
import { openGradually } from '../harness/gradual-connections.ts';
import { pause } from '../harness/until.ts';
import type { BenchOutput } from './bench-output.ts';
import {
  type Contender,
  type ContenderName,
  endField,
  type Field,
  heldBy,
  heldWhenAll,
  skewOf,
  startField,
  sum,
  titles,
  varianceOf,
} from './contenders.ts';
import { median } from './median.ts';

/**
 * Long-lived connections: how far apart the workers are when all have been opened. Gradually: each at a random moment of ten
 * seconds, at all contenders at the same time. At once: all in one turn of the client's event loop, one contender after the other.
 */
export interface OpeningOptions {
  readonly counts: readonly number[];
  readonly rounds: number;
  readonly overMs: number;
}

export const openingDefaults: OpeningOptions = { counts: [16, 64, 256, 2_000], rounds: 4, overMs: 10_000 };

type Mode = 'gradually' | 'at once';
/** Per round the connections of each worker. */
type Rounds = readonly (readonly number[])[];

const skewMax = 1.1;
const deviationMax = 0.25;

/** Answers how many targets were missed. */
export async function benchOpening(field: Field, options: OpeningOptions, output: BenchOutput): Promise<number> {
  const { counts, rounds, overMs } = options;
  const found = new Map<string, (readonly number[])[]>();
  for (const mode of ['gradually', 'at once'] satisfies Mode[]) {
    for (let round = 0; round < rounds; round += 1) {
      // Anew: what came at once is remembered for half a minute, and expected again.
      const contenders = await startField(field);
      try {
        for (const count of counts) {
          const one = async ([name, { it }]: [ContenderName, { it: Contender }]): Promise<void> => {
            const held = await open(it, count, mode === 'gradually' ? overMs : 0, name !== 'portherd');
            const key = keyOf(mode, count, name);
            found.set(key, [...(found.get(key) ?? []), held]);
          };
          const all = round % 2 === 0 ? [...contenders] : [...contenders].toReversed();
          if (mode === 'gradually') await Promise.all(all.map(one));
          else for (const contender of all) await one(contender);
        }
      } finally {
        await endField(contenders);
      }
      console.log(`opening ${field.workers} workers, ${mode}: round ${round + 1} of ${rounds}`);
    }
  }
  return report(field, options, (mode, count, name) => found.get(keyOf(mode, count, name)) ?? [], output);
}

async function open(contender: Contender, count: number, overMs: number, mayLose: boolean): Promise<readonly number[]> {
  const held = await openAndCount(contender, count, overMs, mayLose);
  if (sum(held) === count) await heldWhenAll(contender, 0);
  // The supervisor too hears that they have gone.
  await pause(400);
  return held;
}

/** A peer that does not get all of them is measured by what it has. */
async function openAndCount(
  contender: Contender,
  count: number,
  overMs: number,
  mayLose: boolean,
): Promise<readonly number[]> {
  using _connections: GradualConnections = await openGradually(contender.port, count, overMs, 'randomly');
  try {
    return await heldWhenAll(contender, count);
  } catch (error) {
    if (!mayLose) throw error;
    const held = heldBy(contender, await contender.pids());
    console.log(`a peer holds ${held.join(' ')} of ${count} connections after 40 s`);
    return held;
  }
}

function keyOf(mode: Mode, count: number, name: ContenderName): string {
  return `${mode} ${count} ${name}`;
}

function report(
  { workers, names }: Field,
  { counts }: OpeningOptions,
  of: (mode: Mode, count: number, name: ContenderName) => Rounds,
  output: BenchOutput,
): number {
  let missed = 0;
  const rows: string[][] = [];
  for (const mode of ['gradually', 'at once'] satisfies Mode[]) {
    for (const count of counts) {
      const cells = names.map((name) => cellOf(of(mode, count, name)));
      const ratio = deviationOf(of(mode, count, 'portherd')) / deviationOf(of(mode, count, 'hash'));
      const skew = median(of(mode, count, 'portherd').map(skewOf));
      const holds = ratio <= deviationMax && (count < 64 || skew <= skewMax);
      if (mode === 'gradually' && !holds) missed += 1;
      const verdict = mode === 'at once' ? '' : holds ? 'ok' : 'MISS';
      rows.push([mode, String(count), ...cells, `${ratio.toFixed(2)} ×`, verdict]);
    }
  }
  output.say(`${workers} workers: max ÷ mean, median of the openings (worst); sd in connections, over all openings`);
  output.say('');
  output.table(['opened', 'connections', ...names.map((name) => titles[name]), 'sd, of bare’s', 'target'], rows);
  output.say('');
  return missed;
}

function cellOf(rounds: Rounds): string {
  const skews = rounds.map(skewOf);
  return `${median(skews).toFixed(2)} (${Math.max(...skews).toFixed(2)}) sd ${deviationOf(rounds).toFixed(1)}`;
}

function deviationOf(rounds: Rounds): number {
  return Math.sqrt(sum(rounds.map(varianceOf)) / rounds.length);
}
