import { expect, test } from 'vitest';
import { History } from './history.ts';

/** `npm run check` takes a sample; `npm test` sets SIM_HISTORIES=100000. SIM_SEED=n replays one and prints its steps. */
const histories = Number(process.env['SIM_HISTORIES'] ?? 1_500);
const replay = process.env['SIM_SEED'];
const first = replay === undefined ? Number(process.env['SIM_FIRST'] ?? 1) : Number(replay);

test(`${replay === undefined ? histories : 1} random histories of a fleet keep the invariants`, () => {
  let steps = 0;
  const last = replay === undefined ? first + histories - 1 : first;
  for (let seed = first; seed <= last; seed += 1) {
    const history = new History(seed, replay !== undefined);
    try {
      history.run();
    } catch (error) {
      const trace = history.trace.length > 0 ? `\n${history.trace.join('\n')}` : '';
      throw new Error(
        `seed ${seed} (replay: SIM_SEED=${seed}): ${error instanceof Error ? error.message : String(error)}${trace}`,
        { cause: error },
      );
    }
    steps += history.steps;
  }
  console.log(`${last - first + 1} histories, ${steps} steps, seeds ${first}–${last}`);
  expect(steps).toBeGreaterThan(last - first);
});
