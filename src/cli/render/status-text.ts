import type { ProgramStatus, SlotStatus, StatusReply } from '../../protocol/control.ts';
import { unreachable } from '../../shared/assert.ts';
import type { StateName } from '../../shared/states.ts';
import { formatStopTime, formatUptime } from '../../shared/uptime.ts';
import { type Colour, type Paint, printable } from '../screen.ts';
import { megabytes, percent } from './table.ts';

/** supervisorctl's rows, to the letter: scripts parse them. Its widths: the name max(30, longest) + 3, the state 10. */
export function statusRows(slots: readonly SlotStatus[], paint: Paint): string[] {
  const width = Math.max(30, ...slots.map(({ name }) => name.length)) + 3;
  return slots.map(
    (slot) => `${slot.name.padEnd(width)}${paint(colours[slot.state], slot.state.padEnd(10))}${describe(slot)}`,
  );
}

/** `status -v`: each program's facts, then its rows with what is known of each worker below. */
export function detailedStatus(
  chosen: readonly (readonly [ProgramStatus, readonly SlotStatus[]])[],
  paint: Paint,
): string[] {
  const rows = statusRows(
    chosen.flatMap(([, slots]) => slots),
    paint,
  ).values();
  return chosen.flatMap(([program, slots]) => [
    paint('bold', programLine(program)),
    ...slots.flatMap((slot) => [rows.next().value ?? '', ...slotLines(slot, paint).map((line) => `    ${line}`)]),
  ]);
}

/** What a person should know besides: goes to stderr, so that the rows stay rows. */
export function statusNotes({ daemon, programs }: StatusReply): string[] {
  const rolls = programs.flatMap(({ roll }) =>
    roll === undefined
      ? []
      : [
          `${roll.program}: ${roll.rollingBack ? 'rolling back' : 'rolling'} to generation ${roll.generation}, ${roll.done} of ${roll.total} done`,
        ],
  );
  return daemon.shuttingDown ? [...rolls, 'the daemon is shutting down'] : rolls;
}

const colours: Readonly<Record<StateName, Colour>> = {
  STOPPED: 'dim',
  STARTING: 'yellow',
  RUNNING: 'green',
  BACKOFF: 'yellow',
  STOPPING: 'yellow',
  EXITED: 'dim',
  FATAL: 'red',
  UNKNOWN: 'red',
};

function describe(slot: SlotStatus): string {
  switch (slot.state) {
    case 'RUNNING':
      return `pid ${slot.pid ?? 0}, uptime ${formatUptime(slot.uptimeMs ?? 0)}`;
    case 'BACKOFF':
    case 'FATAL':
      return printable(slot.failure ?? 'unknown error (`portherdctl status -v` names its log)');
    case 'STOPPED':
    case 'EXITED':
      return slot.stoppedAt === undefined ? 'Not started' : formatStopTime(new Date(slot.stoppedAt));
    case 'STARTING':
    case 'STOPPING':
    case 'UNKNOWN':
      return '';
    default:
      return unreachable(slot.state);
  }
}

function programLine({ name, workers, generation, bind, listen, events }: ProgramStatus): string {
  const ports = listen.map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`));
  const where = ports.length === 0 ? 'no port' : ports.join(', ');
  const told = events === undefined ? '' : `; ${events.waiting} events wait, ${events.discarded} thrown away`;
  return `${name}: ${where}; ${workers} ${workers === 1 ? 'worker' : 'workers'}, generation ${generation}, bind: ${bind}${told}`;
}

function slotLines(slot: SlotStatus, paint: Paint): string[] {
  const facts = [`generation ${slot.generation}`, `weight ${percent(slot.weight)}`, `restarts ${slot.restarts}`];
  if (slot.state === 'RUNNING' && !slot.ready) facts.push('not ready');
  if (slot.rssBytes !== undefined) facts.push(`rss ${megabytes(slot.rssBytes)}`);
  if (slot.cpuPercent !== undefined) facts.push(`cpu ${slot.cpuPercent.toFixed(1)}%`);
  if (slot.listener !== undefined) facts.push(`event listener ${slot.listener}`);
  const lines = [facts.join(', ')];
  if (slot.exitSignal !== undefined) lines.push(`last exit: killed by ${slot.exitSignal}`);
  else if (slot.exitCode !== undefined) lines.push(`last exit: code ${slot.exitCode}`);
  if (slot.stalledMs !== undefined)
    lines.push(paint('yellow', `stalled: has served nobody for ${seconds(slot.stalledMs)}`));
  if (slot.hung !== undefined)
    lines.push(paint('red', `hung: ${formatUptime(slot.hung.agoMs)} ago: ${printable(slot.hung.why)}`));
  if (slot.failure !== undefined) lines.push(paint('red', `last failure: ${printable(slot.failure)}`));
  for (const { pid, step } of slot.leaving) lines.push(`leaving: pid ${pid} (${step})`);
  return [...lines, `stdout ${slot.logs.stdout}`, `stderr ${slot.logs.stderr}`];
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
