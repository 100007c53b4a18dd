import type { RereadReply, UpdateLine } from '../../protocol/control.ts';
import type { ChangeCost } from '../../shared/change-cost.ts';

/** supervisorctl's lines of `reread`: `web: changed`, sorted by name. `costs` adds what a change takes and which keys it is. */
export function rereadLines({ available, changed, disappeared }: RereadReply, costs: boolean): string[] {
  const lines = [
    ...available.map((name) => [name, 'available'] as const),
    ...changed.map(
      ({ name, cost, keys }) => [name, costs ? `changed (${takes[cost]}: ${keys.join(', ')})` : 'changed'] as const,
    ),
    ...disappeared.map((name) => [name, 'disappeared'] as const),
  ];
  return lines.length === 0 ? [noUpdates] : lines.toSorted(byName).map(([name, word]) => `${name}: ${word}`);
}

/** `update --dry-run`, in the order in which update works: removed, changed, added. */
export function planLines({ available, changed, disappeared }: RereadReply): string[] {
  const lines = [
    ...disappeared.map((name) => `${name}: would be stopped and removed`),
    ...changed.map(({ name, cost, keys }) => `${name}: would be ${does[cost]} (${keys.join(', ')})`),
    ...available.map((name) => `${name}: would be added`),
  ];
  return lines.length === 0 ? [noUpdates] : lines;
}

/** supervisorctl's words. */
export const updateWords: Readonly<Record<ChangeLine['t'], string>> = {
  stopped: 'stopped',
  removed: 'removed process group',
  added: 'added process group',
  updated: 'updated process group',
};

type ChangeLine = Extract<UpdateLine, { t: 'stopped' | 'removed' | 'added' | 'updated' }>;

export const noUpdates = 'No config updates to processes';

const takes: Readonly<Record<ChangeCost, string>> = {
  live: 'takes nothing',
  scale: 'takes a scale',
  roll: 'takes a roll',
  restart: 'takes a stop and start',
};

const does: Readonly<Record<ChangeCost, string>> = {
  live: 'changed while it runs',
  scale: 'scaled',
  roll: 'rolled',
  restart: 'stopped and started',
};

function byName(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : 1;
}
