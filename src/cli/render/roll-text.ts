import type { RollLine, RollProgress } from '../../protocol/control.ts';
import { type Paint, printable } from '../screen.ts';
import { bar } from './table.ts';
import { formatTook } from './uptime.ts';

type Line<Tag extends RollLine['t']> = Extract<RollLine, { t: Tag }>;

export function replacedLine({ program, slot, pid, tookMs }: Line<'replaced'>): string {
  return `${program}:${slot}: replaced by pid ${pid} in ${formatTook(tookMs)}`;
}

/** The reason, and the last that the failed worker wrote to stderr. */
export function failedLines({ program, slot, why, lastWords }: Line<'failed'>, paint: Paint): string[] {
  return [
    paint('red', `${program}:${slot}: ERROR (roll failed: ${printable(why)})`),
    ...lastWords.map((word) => `    ${paint('dim', '|')} ${printable(word)}`),
  ];
}

export function rolledBackLine({ program, slots }: Line<'rolledBack'>): string {
  return `${program}: rolled back ${slots} ${slots === 1 ? 'slot' : 'slots'} to the code before`;
}

/** What the failure left behind; `replaced` slots run the new code, unless they were `rolledBack`. */
export function leftBehindLine(program: string, replaced: number, total: number, rolledBack: boolean): string {
  if (replaced === 0) return `${program}: old workers untouched`;
  if (rolledBack) return `${program}: the other old workers untouched`;
  return `${program}: ${replaced} of ${total} slots run the new code, old workers untouched in the others`;
}

export function rolledLine({ program, generation, total }: RollProgress, tookMs: number): string {
  return `${program}: rolled ${total} ${total === 1 ? 'worker' : 'workers'} to generation ${generation} in ${formatTook(tookMs)}`;
}

export function begunLine({ program, generation, total }: RollProgress): string {
  return `${program}: roll to generation ${generation} has begun, ${total} ${total === 1 ? 'slot' : 'slots'}`;
}

const barWidth = 24;

/** One line for a terminal, at most `columns` wide: `web  ████████▌        2/6  slot 2  1.4 s`. */
export function progressLine(roll: RollProgress, elapsedMs: number, columns: number): string {
  const filled = bar(roll.total === 0 ? 0 : roll.done / roll.total, barWidth).padEnd(barWidth);
  const slots =
    roll.active.length === 0 ? '' : `  ${roll.active.length === 1 ? 'slot' : 'slots'} ${roll.active.join(', ')}`;
  const back = roll.rollingBack ? '  rolling back' : '';
  const line = `${roll.program}  ${filled}  ${roll.done}/${roll.total}${slots}${back}  ${formatTook(elapsedMs)}`;
  return line.slice(0, columns - 1);
}
