import type { ConnectionsReply, SlotConnections } from '../../protocol/control.ts';
import { bar, type Column, percent, table } from './table.ts';

type Program = ConnectionsReply['programs'][number];

/** `bars`: a bar for each slot's share of what is open, for a terminal. A `-` is a number that nobody reports. */
export function connectionsText(programs: readonly Program[], bars: boolean): string[] {
  return programs.flatMap(({ slots }, at) => [...(at === 0 ? [] : ['']), ...programTable(slots, bars)]);
}

const right = 'right';
const columns: readonly Column[] = [
  { title: 'SLOT', align: 'left' },
  { title: 'PID', align: right },
  { title: 'STATE', align: 'left' },
  { title: 'OPEN', align: right },
  { title: 'SHARE', align: right },
  { title: 'TOTAL', align: right },
  { title: 'REQUESTS', align: right },
  { title: 'IN FLIGHT', align: right },
  { title: 'QUEUE', align: right },
  { title: 'DROPS', align: right },
  { title: 'WEIGHT', align: right },
];
const barWidth = 20;

function programTable(slots: readonly SlotConnections[], bars: boolean): string[] {
  const allOpen = sum(slots.map(({ open }) => open));
  const shares = slots.map(({ open }) => (open === undefined || !allOpen ? undefined : open / allOpen));
  const rows = slots.map((slot, at) => [
    slot.name,
    shown(slot.pid),
    slot.state,
    ...counts([slot]),
    percent(slot.weight),
    ...(bars ? [bar(shares[at] ?? 0, barWidth)] : []),
  ]);
  const total = ['total', '', '', ...counts(slots), percent(slots.reduce((all, { weight }) => all + weight, 0))];
  const titles: readonly Column[] = bars ? [...columns, { title: '', align: 'left' }] : columns;
  return table(titles, [...rows, total]);

  function counts(of: readonly SlotConnections[]): string[] {
    const open = sum(of.map((slot) => slot.open));
    return [
      shown(open),
      open === undefined || !allOpen ? '-' : percent(open / allOpen),
      shown(sum(of.map(({ total }) => total))),
      shown(sum(of.map(({ requests }) => requests))),
      shown(sum(of.map(({ inFlight }) => inFlight))),
      queued(of),
      shown(sum(of.map(({ drops }) => drops))),
    ];
  }
}

/** `3/511`: waiting to be accepted, of at most. */
function queued(slots: readonly SlotConnections[]): string {
  const queue = sum(slots.map((slot) => slot.queue));
  return queue === undefined ? '-' : `${queue}/${shown(sum(slots.map(({ backlog }) => backlog)))}`;
}

/** Of those that are known; undefined when none is. */
function sum(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0);
}

function shown(value: number | undefined): string {
  return value === undefined ? '-' : String(value);
}
