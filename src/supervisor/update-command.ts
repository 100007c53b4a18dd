import type { ProgramChange } from '../config/diff.ts';
import type { Config, ProgramConfig } from '../config/schema.ts';
import { errorBody } from '../protocol/control.ts';
import type { RereadReply, UpdateLine } from '../protocol/control-update.ts';
import { failure, type PortherdError } from '../shared/errors.ts';
import { ok, type Result } from '../shared/result.ts';
import { bootProgram } from './boot.ts';
import { preflightProgram } from './preflight.ts';
import { rollProgram } from './roll-command.ts';
import { scaleProgram } from './scale-command.ts';
import { stopSlots } from './slot-commands.ts';
import type { Supervisor } from './supervisor.ts';
import { changesAsked } from './update-plan.ts';

export type TellUpdate = (line: UpdateLine) => void;

/** What differs between the file and what runs. Changes nothing. */
export function reread(supervisor: Supervisor, running: Config['supervisor']): Result<RereadReply> {
  const asked = changesAsked(supervisor, running, []);
  if (!asked.ok) return asked;
  const { added, changed, removed, hooks } = asked.value;
  return ok({
    available: added.map(({ name }) => name),
    changed: changed.map(({ change }) => change),
    disappeared: removed,
    ...(hooks !== undefined && { hooks: hooks.changes }),
  });
}

/** Applies the difference, program by program: removed, changed, added. What did not change is not touched. */
export async function update(
  supervisor: Supervisor,
  running: Config['supervisor'],
  names: readonly string[],
  tell: TellUpdate,
): Promise<Result<undefined>> {
  const asked = changesAsked(supervisor, running, names);
  if (!asked.ok) return asked;
  const errors: PortherdError[] = [];
  const keep = (error: PortherdError | undefined): void => {
    if (error !== undefined) errors.push(error);
  };
  const { removed, changed, added, daemon, hooks } = asked.value;
  if (daemon.length > 0) {
    const { log } = supervisor.ports;
    log.warn({ event: 'restartNeeded', keys: daemon }, 'changes under `supervisor:` wait for a restart of the daemon');
    tell({ t: 'waits', keys: daemon });
  }
  // First, so that they tell of the rest.
  if (hooks !== undefined) {
    supervisor.useHooks(hooks.all);
    tell({ t: 'hooks', ...hooks.changes });
  }
  for (const name of removed) keep(await remove(supervisor, name, tell));
  for (const { config, change } of changed) keep(await apply(supervisor, config, change, tell));
  for (const config of added) keep(add(supervisor, config, tell));
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
