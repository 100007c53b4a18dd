import type { Departure } from '../core/departure.ts';
import type { Seat, Slot } from '../core/seat.ts';
import { sharesOf } from '../core/weights.ts';
import type { Worker } from '../core/worker.ts';
import type { ProgramStatus, SlotStatus, StatusReply } from '../protocol/control.ts';
import { stateCodes } from '../shared/states.ts';
import { version } from '../shared/version.ts';
import { slotName } from './names.ts';
import { rollProgress } from './roll-command.ts';
import type { Program, Supervisor } from './supervisor.ts';

type Samples = ReadonlyMap<number, { readonly rssBytes: number; readonly cpuPercent: number }>;

/** What operators are shown: state, turned into the control protocol's words. */
export function statusReport(supervisor: Supervisor, shuttingDown: boolean, samples: Samples): StatusReply {
  const { machine, clock, configFile } = supervisor.ports;
  const daemon = {
    pid: machine.pid,
    version,
    node: machine.node,
    uptimeMs: Math.round(clock.now() - supervisor.startedAt),
    rssBytes: machine.rss(),
    shuttingDown,
    ...(configFile.path === undefined ? {} : { config: configFile.path }),
  };
  return {
    daemon,
    programs: [...supervisor.programs.values()].map((program) => programStatus(supervisor, program, samples)),
  };
}

/** Pids whose memory and CPU `status` shows. */
export function servingPids(supervisor: Supervisor): readonly number[] {
  return [...supervisor.programs.values()].flatMap((program) =>
    program.fleet.slots.flatMap((slot) => {
      const worker = sitting(slot.seat);
      const live = worker === undefined ? undefined : supervisor.workers.find(program.config.name, worker.id);
      return live === undefined ? [] : [(live.serving ?? live.process).pid];
    }),
  );
}

function programStatus(supervisor: Supervisor, program: Program, samples: Samples): ProgramStatus {
  const { config, fleet } = program;
  const roll = rollProgress(program);
  const weights = sharesOf(fleet);
  return {
    name: config.name,
    generation: fleet.generation,
    workers: fleet.wanted,
    bind: config.bind,
    listen: config.listen.map(({ host, port }) => ({ host, port })),
    ...(roll === undefined ? {} : { roll }),
    ...eventCounts(supervisor.events.poolOf(config.name)),
    slots: fleet.slots.map((slot) => slotStatus(supervisor, program, slot, weights[slot.index] ?? 0, samples)),
  };
}

function slotStatus(
  supervisor: Supervisor,
  program: Program,
  slot: Slot,
  weight: number,
  samples: Samples,
): SlotStatus {
  const { clock, workerLogs } = supervisor.ports;
  const { name } = program.config;
  const { seat } = slot;
  const worker = sitting(seat);
  const live = worker === undefined ? undefined : supervisor.workers.find(name, worker.id);
  const sample = live === undefined ? undefined : samples.get((live.serving ?? live.process).pid);
  const listener = live === undefined ? undefined : supervisor.events.stateOf(live.handle);
  const now = clock.now();
  const stoppedAt =
    seat.is === 'STOPPED' ? seat.since : seat.is === 'EXITED' || seat.is === 'FATAL' ? seat.at : undefined;
  return {
    name: slotName(name, slot.index),
    slot: slot.index,
    state: seat.is,
    statecode: stateCodes[seat.is],
    ...(live === undefined ? {} : { pid: live.process.pid, uptimeMs: Math.round(now - live.startedAt) }),
    generation: worker?.generation ?? slot.generation,
    ready: seat.is === 'RUNNING',
    ...(listener === undefined ? {} : { listener }),
    weight,
    restarts: Math.max(0, slot.spawns - 1),
    ...stall(program, slot.index, now),
    ...(slot.lastHung === undefined
      ? {}
      : { hung: { agoMs: Math.round(now - slot.lastHung.at), why: slot.lastHung.why } }),
    ...(seat.is === 'BACKOFF' || seat.is === 'FATAL' ? { failure: seat.why } : {}),
    ...(stoppedAt === undefined ? {} : { stoppedAt: Math.round(clock.wall() - (now - stoppedAt)) }),
    ...(seat.is === 'EXITED' && seat.exit.code !== undefined ? { exitCode: seat.exit.code } : {}),
    ...(seat.is === 'EXITED' && seat.exit.signal !== undefined ? { exitSignal: seat.exit.signal } : {}),
    leaving: leavingOf(slot).flatMap(({ id, step }) => {
      const process = supervisor.workers.find(name, id)?.process;
      return process === undefined ? [] : [{ pid: process.pid, step }];
    }),
    logs: workerLogs.paths(program.launches.get(slot.generation) ?? program.config, slot.index),
    ...(sample === undefined ? {} : { rssBytes: sample.rssBytes, cpuPercent: sample.cpuPercent }),
  };
}

function eventCounts(pool: ReturnType<Supervisor['events']['poolOf']>): Pick<ProgramStatus, 'events'> {
  return pool === undefined ? {} : { events: { waiting: pool.waiting.length, discarded: pool.discarded } };
}

/** For how long a slot's worker has shown no sign of life, once that is too long. */
export function stall({ fleet }: Program, slot: number, now: number): { readonly stalledMs?: number } {
  const health = fleet.health[slot];
  const running = fleet.slots[slot]?.seat.is === 'RUNNING';
  return running && health?.is === 'stalled' ? { stalledMs: Math.round(now - health.since) } : {};
}

/** The worker that an operator means by the slot: not one that leaves, nor a replacement. */
export function sitting(seat: Seat): Worker | undefined {
  switch (seat.is) {
    case 'STARTING':
      return seat.starting.worker;
    case 'RUNNING':
    case 'STOPPING':
      return seat.worker;
    default:
      return undefined;
  }
}

function leavingOf({ seat, leaving }: Slot): readonly { readonly id: number; readonly step: Departure['is'] }[] {
  const parting = seat.is === 'STOPPING' ? [{ id: seat.worker.id, step: seat.departure.is }] : [];
  return [...parting, ...leaving.map(({ worker, departure }) => ({ id: worker.id, step: departure.is }))];
}
