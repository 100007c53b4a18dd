import type { BalanceReply } from '../../protocol/control.ts';
import { type Column, percent, table } from './table.ts';

type Program = BalanceReply['programs'][number];

const right = 'right';
const columns: readonly Column[] = [
  { title: 'SLOT', align: 'left' },
  { title: 'OPEN', align: right },
  { title: 'TARGET', align: right },
  { title: 'DEFICIT', align: right },
  { title: 'LAG', align: right },
  { title: 'UTILISATION', align: right },
  { title: 'QUEUE', align: right },
  { title: 'WEIGHT', align: right },
  { title: 'REASON', align: 'left' },
];

/** A line about each program, then its slots. A `-` is a number that nobody reports, or that means nothing there. */
export function balanceText(programs: readonly Program[]): string[] {
  return programs.flatMap((program, at) => [
    ...(at === 0 ? [] : ['']),
    `${program.name}: policy ${program.policy}, ${steering(program)}${program.arrivals} new connections/s`,
    ...table(columns, rows(program)),
  ]);
}

function steering({ steering: its }: Program): string {
  if (its === undefined) return '';
  return `steering ${its.by}${its.why === undefined ? '' : ` (${its.why})`}, `;
}

function rows({ slots }: Program): string[][] {
  return slots.map((slot) => [
    slot.name,
    shown(slot.open),
    shown(slot.target),
    shown(slot.deficit),
    slot.lagMs === undefined ? '-' : `${slot.lagMs} ms`,
    slot.elu === undefined ? '-' : percent(slot.elu),
    String(slot.queue),
    percent(slot.weight),
    slot.reason,
  ]);
}

function shown(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(1);
}
