import { History } from './history.ts';

/** Every `stride`th seed from `first` to `last`. Answers how many steps they took; throws at the first that breaks an invariant. */
export function play(seeds: { readonly first: number; readonly last: number; readonly stride: number }): number {
  let steps = 0;
  for (let seed = seeds.first; seed <= seeds.last; seed += seeds.stride) steps += playOne(seed, false);
  return steps;
}

export function playOne(seed: number, keepTrace: boolean): number {
  const history = new History(seed, keepTrace);
  try {
    history.run();
  } catch (error) {
    const trace = history.trace.length > 0 ? `\n${history.trace.join('\n')}` : '';
    const what = error instanceof Error ? error.message : String(error);
    throw new Error(`seed ${seed} (replay: SIM_SEED=${seed}): ${what}${trace}`, { cause: error });
  }
  return history.steps;
}
