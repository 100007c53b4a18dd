import type { Dice } from './dice.ts';

/** How unkind the world is: probabilities of each trouble. */
export interface Weather {
  readonly spawnFails: number;
  readonly diesAtBoot: number;
  readonly neverReady: number;
  readonly ignoresDrain: number;
  readonly ignoresSignal: number;
  readonly noChannel: number;
  /** Whenever clients come. */
  readonly stalls: number;
}

export const calm: Weather = {
  spawnFails: 0,
  diesAtBoot: 0,
  neverReady: 0,
  ignoresDrain: 0,
  ignoresSignal: 0,
  noChannel: 0.2,
  stalls: 0,
};

export function randomWeather(dice: Dice): Weather {
  const sometimes = (most: number): number => (dice.chance(0.5) ? 0 : dice.fraction() * most);
  return {
    spawnFails: sometimes(0.3),
    diesAtBoot: sometimes(0.6),
    neverReady: sometimes(0.4),
    ignoresDrain: sometimes(0.5),
    ignoresSignal: sometimes(0.5),
    noChannel: sometimes(0.6),
    stalls: dice.chance(0.2) ? dice.fraction() * 0.3 : 0,
  };
}
