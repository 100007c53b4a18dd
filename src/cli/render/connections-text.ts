import type { ConnectionsReply, SlotConnections } from '../../protocol/control.ts';
import { bar, type Column, percent, table } from './table.ts';

type Program = ConnectionsReply['programs'][number];

/**
 * A table for each program. `columns`, of a terminal: a bar for each slot's share ends the line, and what matters least is left out
 * until it fits; undefined: everything, and no bars. A `-` is a number that nobody reports.
 */
export function connectionsText(programs: readonly Program[], columns: number | undefined): string[] {
  const { chosen, bars } = columns === undefined ? { chosen: fields, bars: 0 } : layout(programs, columns);
  return programs.flatMap((program, at) => [
    ...(at === 0 ? [] : ['']),
    ...withBars(lines(program, chosen), program.slots, bars),
  ]);
}

interface Field extends Column {
  readonly of: (slot: SlotConnections) => string;
  readonly total: (program: Program) => string;
  /** The smallest is left out first; without one it stays. */
  readonly rank?: number;
  /** Left out before everything else when all slots have 0 or nothing here. */
  readonly quietly?: (slot: SlotConnections) => number | undefined;
}

const right = 'right';
const left = 'left';
const empty = (): string => '';

const fields: readonly Field[] = [
  { title: 'SLOT', align: left, of: ({ name }) => name, total: () => 'total' },
  { title: 'PID', align: right, of: ({ pid }) => shown(pid), total: empty, rank: 3 },
  { title: 'STATE', align: left, of: ({ state }) => state, total: ({ skew }) => skewText(skew) },
  counted('OPEN', ({ open }) => open),
  {
    title: 'SHARE',
    align: right,
    of: ({ share }) => shareText(share),
    total: ({ slots }) => shareText(allShares(slots)),
  },
  counted('KERNEL', ({ kernel }) => kernel, { rank: 6 }),
  {
    title: 'RESIDUAL',
    align: right,
    of: ({ residual }) => signed(residual),
    total: ({ residual }) => signed(residual),
    rank: 5,
    quietly: ({ residual }) => residual,
  },
  counted('TOTAL', ({ total }) => total, { rank: 1 }),
  counted('REQUESTS', ({ requests }) => requests, { rank: 4 }),
  counted('IN FLIGHT', ({ inFlight }) => inFlight, { rank: 2 }),
  { title: 'QUEUE', align: right, of: (slot) => queued([slot]), total: ({ slots }) => queued(slots) },
  counted('DROPS', ({ drops }) => drops, { rank: 7, quietly: ({ drops }) => drops }),
  {
    title: 'WEIGHT',
    align: right,
    of: ({ weight }) => percent(weight),
    total: ({ slots }) => percent(slots.reduce((all, { weight }) => all + weight, 0)),
  },
];

const barWidth = { min: 8, max: 24 };

/** The same for all programs, so that the eye finds what it knows. `bars`: their width. */
function layout(programs: readonly Program[], columns: number): { chosen: readonly Field[]; bars: number } {
  const slots = programs.flatMap((program) => program.slots);
  for (let chosen = fields; ; ) {
    const widest = Math.max(0, ...programs.flatMap((program) => lines(program, chosen)).map(({ length }) => length));
    const bars = Math.min(columns - widest - 2, barWidth.max);
    const expendable = least(chosen, slots);
    if (bars >= barWidth.min || expendable === undefined) return { chosen, bars };
    chosen = chosen.filter((field) => field !== expendable);
  }
}

function lines(program: Program, chosen: readonly Field[]): string[] {
  const rows = program.slots.map((slot) => chosen.map(({ of }) => of(slot)));
  return table(chosen, [...rows, chosen.map(({ total }) => total(program))]);
}

function least(chosen: readonly Field[], slots: readonly SlotConnections[]): Field | undefined {
  const order = (field: Field): number => {
    const quiet = field.quietly !== undefined && slots.every((slot) => (field.quietly?.(slot) ?? 0) === 0);
    return (field.rank ?? Number.POSITIVE_INFINITY) - (quiet ? 100 : 0);
  };
  return chosen.filter(({ rank }) => rank !== undefined).toSorted((one, other) => order(one) - order(other))[0];
}

/** Half of the width is an even share, so that more and less both show; a share beyond twice that narrows the scale for all. */
function withBars(plain: readonly string[], slots: readonly SlotConnections[], width: number): string[] {
  const widest = Math.max(...plain.map(({ length }) => length));
  const known = slots.flatMap(({ share }) => (share === undefined ? [] : [share]));
  const scale = Math.max(2 / known.length, ...known);
  return plain.map((line, at) => {
    const share = at === 0 ? undefined : slots[at - 1]?.share;
    return share === undefined || width < 1 ? line : `${line.padEnd(widest)}  ${bar(share / scale, width)}`.trimEnd();
  });
}

type Count = number | undefined;

function counted(
  title: string,
  pick: (slot: SlotConnections) => Count,
  { rank, quietly }: Pick<Field, 'rank' | 'quietly'> = {},
): Field {
  return {
    title,
    align: right,
    of: (slot) => shown(pick(slot)),
    total: ({ slots }) => shown(sum(slots.map(pick))),
    ...(rank === undefined ? {} : { rank }),
    ...(quietly === undefined ? {} : { quietly }),
  };
}

/** `3/511`: waiting to be accepted, of at most. With `bind: worker` the kernel's list has the first only. */
function queued(slots: readonly SlotConnections[]): string {
  const queue = sum(slots.map((slot) => slot.queue));
  if (queue === undefined) return shown(sum(slots.map(({ unaccepted }) => unaccepted)));
  return `${queue}/${shown(sum(slots.map(({ backlog }) => backlog)))}`;
}

function allShares(slots: readonly SlotConnections[]): Count {
  return sum(slots.map(({ share }) => share));
}

function shareText(share: Count): string {
  return share === undefined ? '-' : percent(share);
}

function skewText(skew: Count): string {
  return skew === undefined ? '' : `skew ${skew.toFixed(2)}`;
}

function signed(value: Count): string {
  return value !== undefined && value > 0 ? `+${value}` : shown(value);
}

/** Of those that are known; undefined when none is. */
function sum(values: readonly Count[]): Count {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0);
}

function shown(value: Count): string {
  return value === undefined ? '-' : String(value);
}
