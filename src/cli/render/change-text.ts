import type { HookChanges } from '../../protocol/control-hooks.ts';
import type { RereadReply, UpdateLine, UpdatePlan } from '../../protocol/control-update.ts';
import type { ChangeCost } from '../../shared/change-cost.ts';

/** supervisorctl's lines of `reread`: `web: changed`, sorted by name. `costs` adds what a change takes and which keys it is. */
export function rereadLines({ available, changed, disappeared, hooks }: RereadReply, costs: boolean): string[] {
  const lines = [
    ...available.map((name) => [name, 'available'] as const),
    ...changed.map(
      ({ name, cost, keys }) => [name, costs ? `changed (${takes[cost]}: ${keys.join(', ')})` : 'changed'] as const,
    ),
    ...disappeared.map((name) => [name, 'disappeared'] as const),
    ...(hooks === undefined ? [] : hookWords(hooks)),
  ];
  return lines.length === 0 ? [noUpdates] : lines.toSorted(byName).map(([name, word]) => `${name}: ${word}`);
}

/** Hooks are named `hook page`, so that they are no programs. */
function hookWords({ added, removed, changed }: HookChanges): (readonly [name: string, word: string])[] {
  const words = [
    [added, 'available'],
    [changed, 'changed'],
    [removed, 'disappeared'],
  ] as const;
  return words.flatMap(([names, word]) => names.map((name) => [`hook ${name}`, word] as const));
}

/** `hook page: changed`; `would be changed` in a dry run. */
export function hookLines({ added, removed, changed }: HookChanges, planned: boolean): string[] {
  const words = [
    [removed, 'removed'],
    [changed, 'changed'],
    [added, 'added'],
  ] as const;
  return words.flatMap(([names, word]) => names.map((name) => `hook ${name}: ${planned ? 'would be ' : ''}${word}`));
}

/** `update --dry-run`: what would become of the program, what that costs, and the keys that ask for it. */
export function planLine(plan: UpdatePlan): string {
  const keys = plan.keys.length === 0 ? '' : ` (${plan.keys.join(', ')})`;
  return `${plan.program}: would be ${deed(plan)}${keys}`;
}

function deed(plan: UpdatePlan): string {
  const { does, cost = 'live', keys, from, to, running } = plan;
  if (does === 'add') return `added, with ${workers(to)}`;
  if (does === 'remove')
    return running === 0 ? 'removed; it is stopped' : `stopped and removed, with ${workers(running)}`;
  const scaled = keys.includes('workers') && from !== to ? `scaled from ${from} to ${workers(to)}` : undefined;
  const also = scaled === undefined ? '' : `, and ${scaled}`;
  switch (cost) {
    case 'live':
      return 'changed as it runs; no worker is touched';
    case 'scale':
      return scaled === undefined ? 'left as it is' : `${scaled}; no other worker is touched`;
    case 'roll':
      if (running === 0) return `changed for its next start${also}`;
      return `rolled: ${workers(running)} replaced${running === 1 ? '' : ' one by one'}, no connection is lost${also}`;
    case 'restart':
      if (running === 0) return `removed and added anew${also}`;
      return `stopped and started: ${workers(running)}, and clients are refused meanwhile${also}`;
  }
}

function workers(count: number): string {
  return count === 1 ? '1 worker' : `${count} workers`;
}

/** What an update leaves for the daemon's restart. */
export function waitsLine(keys: readonly string[]): string {
  return `supervisor: ${keys.join(', ')} ${keys.length === 1 ? 'waits' : 'wait'} for \`portherdctl reload\``;
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

function byName(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : 1;
}
