import type { ProgramConfig } from '../config/schema.ts';
import type { Slot } from '../core/seat.ts';
import { sharesOf } from '../core/weights.ts';
import type { ConnectionsReply, SlotConnections } from '../protocol/control.ts';
import { slotName } from './names.ts';
import type { CensusCount, CensusOrder } from './ports.ts';
import { sitting } from './report.ts';
import type { Program, Supervisor } from './supervisor.ts';

/** Both views of the connections, the workers' and the kernel's, in the control protocol's words. */
export function connectionsReport(supervisor: Supervisor, census: CensusCount): ConnectionsReply {
  const { incomplete } = census;
  return {
    programs: [...supervisor.programs.values()].map((program) => programConnections(supervisor, program, census)),
    ageMs: 0,
    ...(incomplete === undefined ? {} : { incomplete }),
  };
}

/** What the kernel is asked. The leaving workers' connections are their slot's too. */
export function censusOrders(supervisor: Supervisor): readonly CensusOrder[] {
  return [...supervisor.programs].map(([program, { config, fleet }]) => ({
    program,
    places: placesOf(supervisor, program, config),
    slots: fleet.slots.map(({ index }) => ({
      slot: index,
      processes: supervisor.workers.in(program, index).map(({ process }) => process),
    })),
  }));
}

function placesOf(supervisor: Supervisor, program: string, { bind, listen }: ProgramConfig): CensusOrder['places'] {
  if (bind === 'worker') return listen.map(({ port }) => ({ port }));
  // Every slot has the same ones; a stopped program has none.
  return supervisor.ports.listeners.of(program, 0).map(({ host, port }) => ({ host, port }));
}

/** Of connections per worker: the largest ÷ the mean, so 1 is even; undefined when there are none. */
export function skewOf(counts: readonly number[]): number | undefined {
  const total = sum(counts);
  return total === 0 ? undefined : hundredths((Math.max(...counts) * counts.length) / total);
}

function programConnections(
  supervisor: Supervisor,
  program: Program,
  census: CensusCount,
): ConnectionsReply['programs'][number] {
  const weights = sharesOf(program.fleet);
  const counted = program.fleet.slots.map((slot) =>
    slotConnections(supervisor, program, slot, { weight: weights[slot.index] ?? 0, census }),
  );
  const held = counted.map(heldIn);
  const all = sum(known(held));
  const slots = counted.map((slot, at) => {
    const its = held[at];
    return all === 0 || its === undefined ? slot : { ...slot, share: its / all };
  });
  const skew = skewOf(known(counted.filter(({ state }) => state === 'RUNNING').map(heldIn)));
  const residuals = known(counted.map(({ residual }) => residual));
  return {
    name: program.config.name,
    slots,
    ...(skew === undefined ? {} : { skew }),
    ...(residuals.length === 0 ? {} : { residual: sum(residuals) }),
  };
}

/** The worker's own count first: it is there also where the kernel's is not. */
function heldIn({ open, kernel }: SlotConnections): number | undefined {
  return open ?? kernel;
}

interface Counts {
  readonly weight: number;
  readonly census: CensusCount;
}

function slotConnections(
  supervisor: Supervisor,
  { config }: Program,
  slot: Slot,
  { weight, census }: Counts,
): SlotConnections {
  const worker = sitting(slot.seat);
  const live = worker === undefined ? undefined : supervisor.workers.find(config.name, worker.id);
  const present = supervisor.workers.in(config.name, slot.index);
  const beats = present.flatMap(({ beat }) => (beat === undefined ? [] : [beat]));
  const queues = supervisor.ports.listeners.queues(config.name, slot.index);
  const seen = present.length === 0 ? undefined : census.of(config.name, slot.index);
  const open = beats.length === 0 ? undefined : sum(beats.map((beat) => beat.open));
  return {
    name: slotName(config.name, slot.index),
    slot: slot.index,
    state: slot.seat.is,
    ...(live === undefined ? {} : { pid: live.process.pid }),
    ...(open === undefined
      ? {}
      : {
          open,
          total: sum(beats.map(({ total }) => total)),
          requests: sum(beats.map(({ requests }) => requests)),
          inFlight: sum(beats.map(({ inFlight }) => inFlight)),
        }),
    ...seen,
    // Only when every process of the slot has told its part.
    ...(seen === undefined || open === undefined || beats.length < present.length
      ? {}
      : { residual: seen.kernel - open }),
    ...(queues.length === 0
      ? {}
      : {
          queue: sum(queues.map(({ queue }) => queue)),
          backlog: sum(queues.map(({ backlog }) => backlog)),
          drops: sum(queues.map(({ drops }) => drops)),
        }),
    weight,
  };
}

function known(values: readonly (number | undefined)[]): readonly number[] {
  return values.filter((value) => value !== undefined);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
