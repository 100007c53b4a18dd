import type { Fact } from '../core/events.ts';
import type { ProgramConfig } from '../config/schema.ts';
import type { RollLine, RollProgress } from '../protocol/control.ts';
import { failure, type PortherdError } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { rollDeadline } from './deadlines.ts';
import { programName } from './names.ts';
import { settle } from './settle.ts';
import type { Program, Supervisor } from './supervisor.ts';

export type TellRoll = (line: RollLine) => void;

/** The programs to roll, or why not: one roll a program at a time, and only what runs can be rolled. */
export function chooseRolls(supervisor: Supervisor, names: readonly string[]): Result<readonly string[]> {
  const chosen =
    names.length === 0
      ? [...supervisor.programs.keys()].filter((name) => runs(supervisor.programs.get(name)))
      : names.map(programName);
  for (const name of new Set(chosen)) {
    const program = supervisor.programs.get(name);
    if (program === undefined) return err(failure('BAD_NAME', `there is no program ${name}`));
    if (program.fleet.roll !== undefined) return err(failure('ROLL_IN_PROGRESS', `${name} is being rolled already`));
    if (!runs(program)) return err(failure('NOT_RUNNING', `${name} is not running; start it instead`));
    const prepared = supervisor.ports.processes.prepare(program.config);
    if (!prepared.ok) return prepared;
  }
  return ok([...new Set(chosen)]);
}

/** Rolls one program to a new generation, started from `config`; tells how it goes. The answer comes when it has ended. */
export async function rollProgram(
  supervisor: Supervisor,
  config: ProgramConfig,
  tell: TellRoll,
): Promise<PortherdError | undefined> {
  const { name } = config;
  if (supervisor.closing) return failure('SHUTTING_DOWN', 'the daemon is shutting down');
  const program = supervisor.programs.get(name);
  if (program === undefined) return failure('BAD_NAME', `there is no program ${name}`);
  if (program.fleet.roll !== undefined) return failure('ROLL_IN_PROGRESS', `${name} is being rolled already`);
  const prepared = supervisor.ports.processes.prepare(config);
  if (!prepared.ok) return prepared.error;
  const generation = program.fleet.latest + 1;
  supervisor.remember(name, generation, prepared.value);
  let told = '';
  const outcome = settle(supervisor, name, rollDeadline(config, program.fleet.slots.length), (fact) => {
    const progress = rollProgress(supervisor.programs.get(name));
    const text = JSON.stringify(progress);
    if (progress !== undefined && text !== told) tell({ t: 'progress', roll: progress });
    told = text;
    return fact === undefined ? undefined : outcomeOf(supervisor, name, fact, tell);
  });
  supervisor.send(name, { is: 'roll', generation });
  const ended = await outcome;
  if (ended === undefined) return failure('TIMED_OUT', `the roll of ${name} did not end in time`);
  return ended === 'finished' ? undefined : ended;
}

export function rollProgress(program: Program | undefined): RollProgress | undefined {
  const roll = program?.fleet.roll;
  if (program === undefined || roll === undefined) return undefined;
  const { waiting, active, done, to, undoing } = roll;
  const total = waiting.length + active.length + done.length;
  return {
    program: program.config.name,
    generation: to,
    total,
    done: done.length,
    active,
    rollingBack: undoing !== undefined,
  };
}

function outcomeOf(
  supervisor: Supervisor,
  program: string,
  fact: Fact,
  tell: TellRoll,
): 'finished' | PortherdError | undefined {
  switch (fact.event) {
    case 'replaced': {
      const pid = supervisor.workers.find(program, fact.worker)?.process.pid ?? 0;
      tell({ t: 'replaced', program, slot: fact.slot, pid, tookMs: fact.tookMs });
      return undefined;
    }
    case 'rolledBack':
      tell({ t: 'rolledBack', program, slots: fact.slots });
      return undefined;
    case 'rollFailed': {
      const lastWords = fact.worker === undefined ? [] : wordsOf(supervisor, program, fact.worker);
      tell({ t: 'failed', program, slot: fact.slot, why: fact.why, lastWords });
      return failure('ROLL_FAILED', `roll of ${program} failed at slot ${fact.slot}: ${fact.why}`);
    }
    case 'rollFinished':
      return 'finished';
    default:
      return undefined;
  }
}

/** Of a worker that may still live: one that was never ready is only on its way out. */
function wordsOf(supervisor: Supervisor, program: string, worker: number): readonly string[] {
  const live = supervisor.workers.find(program, worker);
  if (live === undefined) return supervisor.workers.lastWordsOf(program, worker);
  return supervisor.ports.workerLogs.lastWords(live.stderr.path, live.stderr.from);
}

function runs(program: Program | undefined): boolean {
  return program?.fleet.slots.some(({ seat }) => seat.is !== 'STOPPED' && seat.is !== 'EXITED') ?? false;
}
