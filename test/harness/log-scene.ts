import { join } from 'node:path';
import type { Daemon } from './daemon.ts';
import { getText } from './get-text.ts';
import { until } from './until.ts';

/** Daemons whose workers say what a test tells them (fixtures/apps/talks.cjs), and where that is written. */
export const talks = (more: object = {}) => ({ command: [process.execPath, 'talks.cjs'], workers: 1, ...more });

/** Rotated soon. */
export const small = { maxSize: '64KB', keep: 3 };

export const logOf = (daemon: Daemon, name: string): string => join(daemon.directory, 'log', name);

/** Answers slot and number of lines so far. */
export function say(daemon: Daemon, stream: 'out' | 'err', text: string): Promise<string> {
  return getText(daemon.port(), `/${stream}?text=${encodeURIComponent(text)}`);
}

export async function flood(daemon: Daemon, lines: number): Promise<readonly [slot: number, lines: number]> {
  const [slot = 0, total = 0] = (await getText(daemon.port(), `/flood?lines=${lines}`)).split(' ').map(Number);
  return [slot, total];
}

/** Writes until there were so many rotations; answers how many lines each slot has written. */
export async function floodThrough(daemon: Daemon, rotations: number): Promise<number[]> {
  const told: number[] = [];
  const rotated = (): number => daemon.log.filter(({ event }) => event === 'logRotated').length;
  while (rotated() < rotations) {
    const before = rotated();
    await until(
      async () => {
        const [slot, lines] = await flood(daemon, 400);
        told[slot] = lines;
        return rotated() > before;
      },
      { what: `${rotations} rotations`, interval: 200 },
    );
  }
  return told;
}
