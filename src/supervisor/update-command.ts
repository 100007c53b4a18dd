import { diffConfig, type ProgramChange } from '../config/diff.ts';
import type { Config, ProgramConfig } from '../config/schema.ts';
import { errorBody, type RereadReply, type UpdateLine } from '../protocol/control.ts';
import { failure, type PortherdError } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { bootProgram } from './boot.ts';
import { programName } from './names.ts';
import { preflightProgram } from './preflight.ts';
import { rollProgram } from './roll-command.ts';
import { scaleProgram } from './scale-command.ts';
import { stopSlots } from './slot-commands.ts';
import type { Supervisor } from './supervisor.ts';

export type TellUpdate = (line: UpdateLine) => void;

/** What differs between the file and what runs. Changes nothing. */
export function reread(supervisor: Supervisor, running: Config['supervisor']): Result<RereadReply> {
  const next = supervisor.ports.configFile.read();
  if (!next.ok) return next;
  const { added, changed, removed } = diffConfig(supervisor.active(running), next.value);
  return ok({ available: added, changed, disappeared: removed });
}

/** Applies the difference, program by program: removed, changed, added. What did not change is not touched. */
export async function update(
  supervisor: Supervisor,
  running: Config['supervisor'],
  names: readonly string[],
  tell: TellUpdate,
): Promise<Result<undefined>> {
  const next = supervisor.ports.configFile.read();
  if (!next.ok) return next;
  const chosen = new Set(names.map(programName));
  const known = new Set([...supervisor.programs.keys(), ...next.value.programs.map(({ name }) => name)]);
  for (const name of chosen) if (!known.has(name)) return err(failure('BAD_NAME', `there is no program ${name}`));
  const concerns = (name: string): boolean => chosen.size === 0 || chosen.has(name);

  const diff = diffConfig(supervisor.active(running), next.value);
  const configs = new Map(next.value.programs.map((program) => [program.name, program]));
  const errors: PortherdError[] = [];
  const keep = (error: PortherdError | undefined): void => {
    if (error !== undefined) errors.push(error);
  };
  if (diff.supervisor.length > 0) {
    const { log } = supervisor.ports;
    log.warn(
      { event: 'restartNeeded', keys: diff.supervisor },
      'changes under `supervisor:` wait for a restart of the daemon',
    );
  }
  for (const name of diff.removed.filter(concerns)) keep(await remove(supervisor, name, tell));
  for (const change of diff.changed.filter(({ name }) => concerns(name))) {
    const config = configs.get(change.name);
    if (config !== undefined) keep(await apply(supervisor, config, change, tell));
  }
  const added = diff.added.filter(concerns).flatMap((name) => configs.get(name) ?? []);
  for (const config of added.toSorted((one, other) => one.priority - other.priority))
    keep(add(supervisor, config, tell));
  const [first] = errors;
  tell(first === undefined ? { t: 'done' } : { t: 'done', error: errorBody(first) });
  return ok();
}

async function remove(supervisor: Supervisor, name: string, tell: TellUpdate): Promise<PortherdError | undefined> {
  const failed = await stopAll(supervisor, name, tell);
  if (failed !== undefined) return failed;
  supervisor.remove(name);
  tell({ t: 'removed', program: name });
  return undefined;
}

/** Scaling and policies cost nothing; only what the workers were started with costs a roll, only the sockets a restart. */
async function apply(
  supervisor: Supervisor,
  config: ProgramConfig,
  { cost, keys }: ProgramChange,
  tell: TellUpdate,
): Promise<PortherdError | undefined> {
  const { name } = config;
  const program = supervisor.programs.get(name);
  if (program?.fleet.roll !== undefined) return failure('ROLL_IN_PROGRESS', `${name} is being rolled`);
  if (cost === 'restart') {
    const held = program?.config.listen.map(({ port }) => port) ?? [];
    const checked = preflightProgram(config, supervisor.ports, held);
    if (!checked.ok) return checked.error;
    const failed = await stopAll(supervisor, name, tell);
    if (failed !== undefined) return failed;
    supervisor.remove(name);
    const added = bootProgram(supervisor, config);
    if (!added.ok) return added.error;
  } else {
    const runs = program?.fleet.slots.some(({ seat }) => seat.is !== 'STOPPED' && seat.is !== 'EXITED') ?? false;
    const failed = cost === 'roll' ? await renew(supervisor, config, runs, tell) : undefined;
    if (failed !== undefined) return failed;
    supervisor.reconfigure(config);
    if (keys.includes('workers')) {
      const scaled = await scaleProgram(supervisor, { program: name, workers: config.workers });
      if (!scaled.ok) return scaled.error;
    }
  }
  tell({ t: 'updated', program: name, cost });
  return undefined;
}

/** A new generation: rolled in where the program runs, else simply what the next start uses. */
async function renew(
  supervisor: Supervisor,
  config: ProgramConfig,
  runs: boolean,
  tell: TellUpdate,
): Promise<PortherdError | undefined> {
  if (runs) return rollProgram(supervisor, config, tell);
  const prepared = supervisor.ports.processes.prepare(config);
  if (!prepared.ok) return prepared.error;
  const generation = supervisor.programs.get(config.name)?.fleet.generation ?? 1;
  supervisor.remember(config.name, generation, prepared.value);
  return undefined;
}

function add(supervisor: Supervisor, config: ProgramConfig, tell: TellUpdate): PortherdError | undefined {
  const checked = preflightProgram(config, supervisor.ports);
  if (!checked.ok) return checked.error;
  const added = bootProgram(supervisor, config);
  if (!added.ok) return added.error;
  tell({ t: 'added', program: config.name });
  return undefined;
}

async function stopAll(supervisor: Supervisor, name: string, tell: TellUpdate): Promise<PortherdError | undefined> {
  const results = await stopSlots(supervisor, [name]);
  const error = results.find((result) => result.error !== undefined)?.error;
  if (error !== undefined) return failure(error.code, error.message, error.advice);
  tell({ t: 'stopped', program: name });
  return undefined;
}
