import { canLaunch } from '../core/listening.ts';
import { isVacant } from '../core/seat.ts';
import { errorBody, type RestartReply, type SlotResult } from '../protocol/control.ts';
import { failure, type PortherdError } from '../shared/errors.ts';
import { parseSignal } from '../shared/signal-name.ts';
import { startDeadline, stopDeadline } from './deadlines.ts';
import { resolveName, slotName } from './names.ts';
import { settle } from './settle.ts';
import type { Program, Supervisor } from './supervisor.ts';

/** start, stop, restart and signal, with supervisord's rules about who is acted on and what is an error. */

/** A slot to act on, or the answer that needs no act. */
type Deed = { readonly program: string; readonly slot: number } | SlotResult;

/** Without `wait` the answer is that they were asked to, unless one has failed already. */
export async function startSlots(
  supervisor: Supervisor,
  names: readonly string[],
  wait = true,
): Promise<readonly SlotResult[]> {
  return act(supervisor, names, { asks: 'start', refuse: refuseStart, settled: wait ? ready : begun });
}

export async function stopSlots(
  supervisor: Supervisor,
  names: readonly string[],
  wait = true,
): Promise<readonly SlotResult[]> {
  return act(supervisor, names, { asks: 'stop', refuse: refuseStop, settled: wait ? stopped : begun });
}

/** The sockets stay open in between: clients wait, none is refused. What may not restart is not stopped either. */
export async function restartSlots(supervisor: Supervisor, names: readonly string[]): Promise<RestartReply> {
  const refuse = (program: Program, slot: number): PortherdError | undefined =>
    refuseRestart(program, slot, supervisor) ?? refuseStop(program, slot);
  const stopped = select(supervisor, names, refuse)
    .filter((deed) => !('error' in deed) || deed.error?.code === 'NOT_RUNNING')
    .map((deed) => ('name' in deed ? deed : { name: slotName(deed.program, deed.slot) }));
  const started = await act(supervisor, names, { asks: 'restart', refuse: refuseRestart, settled: ready });
  return { stopped, started };
}

export function signalSlots(supervisor: Supervisor, names: readonly string[], written: string): readonly SlotResult[] {
  const signal = parseSignal(written);
  const deeds = select(supervisor, names, (program, slot) => {
    if (signal === undefined) return failure('BAD_SIGNAL', `${written} is not a signal`);
    return workersIn(supervisor, program, slot).length === 0 ? notRunning(program, slot) : undefined;
  });
  return deeds.map((deed) => {
    if ('name' in deed || signal === undefined)
      return 'name' in deed ? deed : { name: slotName(deed.program, deed.slot) };
    const name = slotName(deed.program, deed.slot);
    const sent = supervisor.workers
      .in(deed.program, deed.slot)
      .map(({ serving, process }) => supervisor.ports.processes.signal(serving ?? process, signal, 'process'));
    return sent.includes(true)
      ? { name }
      : { name, error: errorBody(failure('NOT_RUNNING', `${name} is not running`)) };
  });
}

interface Act {
  readonly asks: 'start' | 'stop' | 'restart';
  readonly refuse: (program: Program, slot: number, supervisor: Supervisor) => PortherdError | undefined;
  readonly settled: (supervisor: Supervisor, program: string, slot: number) => Promise<PortherdError | undefined>;
}

async function act(
  supervisor: Supervisor,
  names: readonly string[],
  { asks, refuse, settled }: Act,
): Promise<readonly SlotResult[]> {
  const deeds = select(supervisor, names, (program, slot) => refuse(program, slot, supervisor));
  const pending = deeds.map(async (deed): Promise<SlotResult> => {
    if ('name' in deed) return deed;
    const error = await settled(supervisor, deed.program, deed.slot);
    const name = slotName(deed.program, deed.slot);
    return error === undefined ? { name } : { name, error: errorBody(error) };
  });
  // One event a program, so that core knows which slots go together; the waits above are listening already.
  for (const [program, slots] of byProgram(deeds)) {
    if (asks !== 'stop') beginAnew(supervisor, program, slots);
    supervisor.send(program, { is: asks, slots });
  }
  return Promise.all(pending);
}

/**
 * Starting a whole program takes what its directory is now (`current` may be another release since); a slot of a program
 * that runs on gets what its neighbours have: only a roll or the whole changes that.
 */
function beginAnew(supervisor: Supervisor, name: string, slots: readonly number[]): void {
  const program = supervisor.programs.get(name);
  if (program === undefined) return;
  const whole = program.fleet.slots.every((slot) => slots.includes(slot.index) || isVacant(slot));
  const prepared = supervisor.ports.processes.prepare(program.config);
  if (whole && prepared.ok) supervisor.renew(name, prepared.value);
}

/** A slot's own name always gives a result; one that selects many is silent about those it need not touch. */
function select(
  supervisor: Supervisor,
  names: readonly string[],
  refuse: (program: Program, slot: number) => PortherdError | undefined,
): readonly Deed[] {
  return names.flatMap((name): readonly Deed[] => {
    const named = resolveName(name, supervisor.programs);
    if (named.is === 'unknown') return [{ name, error: errorBody(failure('BAD_NAME', `there is no ${name}`)) }];
    const targets = named.is === 'one' ? [{ program: named.program, slots: [named.slot] }] : named.targets;
    return targets.flatMap(({ program, slots }) =>
      slots.flatMap((slot): readonly Deed[] => {
        const refused = refuse(program, slot);
        if (refused === undefined) return [{ program: program.config.name, slot }];
        const silent = named.is === 'many' && (refused.code === 'ALREADY_STARTED' || refused.code === 'NOT_RUNNING');
        return silent ? [] : [{ name: slotName(program.config.name, slot), error: errorBody(refused) }];
      }),
    );
  });
}

function byProgram(deeds: readonly Deed[]): ReadonlyMap<string, readonly number[]> {
  const slots = new Map<string, number[]>();
  for (const deed of deeds) {
    if ('name' in deed) continue;
    slots.set(deed.program, [...(slots.get(deed.program) ?? []), deed.slot]);
  }
  return slots;
}

/** Also what could not start again: its worker, if there is one, runs on. */
function refuseRestart(program: Program, slot: number, supervisor: Supervisor): PortherdError | undefined {
  const { config, fleet } = program;
  if (slot >= fleet.wanted) return scaledAway(program, slot);
  if (fleet.roll !== undefined) return failure('ROLL_IN_PROGRESS', `${config.name} is being rolled`);
  if (!canLaunch(fleet)) return stillStopping(slotName(config.name, slot));
  const prepared = supervisor.ports.processes.prepare(config);
  return prepared.ok ? undefined : prepared.error;
}

function refuseStart(program: Program, slot: number, supervisor: Supervisor): PortherdError | undefined {
  const name = slotName(program.config.name, slot);
  if (slot >= program.fleet.wanted) return scaledAway(program, slot);
  switch (program.fleet.slots[slot]?.seat.is) {
    case 'STARTING':
    case 'RUNNING':
    case 'BACKOFF':
      return failure('ALREADY_STARTED', `${name} is started already`);
    case 'STOPPING':
      return stillStopping(name);
    default: {
      if (!canLaunch(program.fleet)) return stillStopping(program.config.name);
      const prepared = supervisor.ports.processes.prepare(program.config);
      return prepared.ok ? undefined : prepared.error;
    }
  }
}

/** It is there only until its worker, or one of a higher slot, has gone. */
function scaledAway(program: Program, slot: number): PortherdError {
  return failure('NOT_RUNNING', `${slotName(program.config.name, slot)} is being scaled away`);
}

function stillStopping(name: string): PortherdError {
  return failure('ABNORMAL_TERMINATION', `${name} is still stopping`, 'Try again when it has stopped.');
}

function refuseStop(program: Program, slot: number): PortherdError | undefined {
  const found = program.fleet.slots[slot];
  return found === undefined || isVacant(found) ? notRunning(program, slot) : undefined;
}

function notRunning(program: Program, slot: number): PortherdError {
  return failure('NOT_RUNNING', `${slotName(program.config.name, slot)} is not running`);
}

/** It is asked before the event is sent, so it looks a turn later. */
async function begun(supervisor: Supervisor, program: string, slot: number): Promise<PortherdError | undefined> {
  await Promise.resolve();
  const seat = supervisor.programs.get(program)?.fleet.slots[slot]?.seat;
  const failed = seat?.is === 'BACKOFF' || seat?.is === 'FATAL';
  return failed ? failure('SPAWN_ERROR', `${slotName(program, slot)}: ${seat.why}`) : undefined;
}

async function ready(supervisor: Supervisor, program: string, slot: number): Promise<PortherdError | undefined> {
  const config = supervisor.programs.get(program)?.config;
  if (config === undefined) return failure('BAD_NAME', `there is no ${program} any more`);
  const name = slotName(program, slot);
  const answer = await settle(supervisor, program, startDeadline(config) + stopDeadline(config), (fact) => {
    if (fact === undefined || !('slot' in fact) || fact.slot !== slot) return undefined;
    if (fact.event === 'ready') return 'ready';
    if (fact.event === 'stopped') return failure('ABNORMAL_TERMINATION', `${name} was stopped meanwhile`, '');
    return fact.event === 'failed' || fact.event === 'fatal'
      ? failure('SPAWN_ERROR', `${name}: ${fact.why}`)
      : undefined;
  });
  if (answer === undefined) return failure('TIMED_OUT', `${name} did not settle in time`);
  return answer === 'ready' ? undefined : answer;
}

async function stopped(supervisor: Supervisor, program: string, slot: number): Promise<PortherdError | undefined> {
  const config = supervisor.programs.get(program)?.config;
  if (config === undefined) return undefined;
  const asked = supervisor.workers.in(program, slot);
  const answer = await settle(supervisor, program, stopDeadline(config), () => {
    const found = supervisor.programs.get(program)?.fleet.slots[slot];
    if (found === undefined || isVacant(found)) return true;
    // A restart came in between: those that were to stop have stopped, and the next ones are not this command's business.
    return asked.length > 0 && asked.every(({ handle }) => supervisor.workers.byHandle(handle) === undefined)
      ? true
      : undefined;
  });
  return answer === undefined ? failure('TIMED_OUT', `${slotName(program, slot)} did not stop in time`) : undefined;
}

function workersIn(supervisor: Supervisor, program: Program, slot: number): readonly unknown[] {
  return supervisor.workers.in(program.config.name, slot);
}
