import { diffConfig, type HookChanges, type ProgramChange } from '../config/diff.ts';
import type { HookConfig } from '../config/hook-config.ts';
import type { Config, ProgramConfig } from '../config/schema.ts';
import { isVacant } from '../core/seat.ts';
import { errorBody } from '../protocol/control.ts';
import type { UpdateLine, UpdatePlan } from '../protocol/control-update.ts';
import { failure, type PortherdError } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { programName } from './names.ts';
import { preflightProgram } from './preflight.ts';
import type { Supervisor } from './supervisor.ts';

/** What an update has to do, in its order. */
export interface ChangesAsked {
  readonly removed: readonly string[];
  readonly changed: readonly { readonly config: ProgramConfig; readonly change: ProgramChange }[];
  /** By priority. */
  readonly added: readonly ProgramConfig[];
  /** Keys under `supervisor:`, whatever programs were named. */
  readonly daemon: readonly string[];
  /** All of the file's, and which of them differ; undefined when none does, or when programs were named. */
  readonly hooks: { readonly all: readonly HookConfig[]; readonly changes: HookChanges } | undefined;
}

/** The file against what runs; of the programs named, or of all when none is. Errors: BAD_NAME, those of the file. */
export function changesAsked(
  supervisor: Supervisor,
  running: Config['supervisor'],
  names: readonly string[],
): Result<ChangesAsked> {
  const next = supervisor.ports.configFile.read();
  if (!next.ok) return next;
  const chosen = new Set(names.map(programName));
  const known = new Set([...supervisor.programs.keys(), ...next.value.programs.map(({ name }) => name)]);
  for (const name of chosen) if (!known.has(name)) return err(failure('BAD_NAME', `there is no program ${name}`));
  const concerns = (name: string): boolean => chosen.size === 0 || chosen.has(name);
  const diff = diffConfig(supervisor.active(running), next.value);
  const configs = new Map(next.value.programs.map((program) => [program.name, program]));
  return ok({
    removed: diff.removed.filter(concerns),
    changed: diff.changed.flatMap((change) => {
      const config = concerns(change.name) ? configs.get(change.name) : undefined;
      return config === undefined ? [] : [{ config, change }];
    }),
    added: diff.added
      .filter(concerns)
      .flatMap((name) => configs.get(name) ?? [])
      .toSorted((one, other) => one.priority - other.priority),
    daemon: diff.supervisor,
    hooks: chosen.size === 0 && someHook(diff.hooks) ? { all: next.value.hooks, changes: diff.hooks } : undefined,
  });
}

/** Tells what `update` would do, and what it would fail of as things are now, the first in `done` too. Changes nothing. */
export function planUpdate(
  supervisor: Supervisor,
  running: Config['supervisor'],
  names: readonly string[],
  tell: (line: UpdateLine) => void,
): Result<undefined> {
  const asked = changesAsked(supervisor, running, names);
  if (!asked.ok) return asked;
  const { removed, changed, added, daemon, hooks } = asked.value;
  const restarted = changed.filter(({ change }) => change.cost === 'restart').map(({ config }) => config.name);
  // What they hold is free again by the time that it is wanted.
  const held = [...removed, ...restarted].flatMap((name) => portsOf(supervisor, name));
  const plans: UpdatePlan[] = [];
  for (const name of removed) plans.push(planned(supervisor, name, { does: 'remove', keys: [], to: 0 }, undefined));
  for (const { config, change } of changed) {
    const { cost, keys } = change;
    const does = { does: 'change', cost, keys, to: config.workers } as const;
    plans.push(planned(supervisor, config.name, does, changeError(supervisor, config, change, held)));
  }
  for (const config of added) {
    const checked = preflightProgram(config, supervisor.ports, held);
    const error = checked.ok ? undefined : checked.error;
    plans.push(planned(supervisor, config.name, { does: 'add', keys: [], to: config.workers }, error));
  }
  for (const plan of plans) tell(plan);
  if (hooks !== undefined) tell({ t: 'hooksPlanned', ...hooks.changes });
  if (daemon.length > 0) tell({ t: 'waits', keys: daemon });
  const error = plans.find((plan) => plan.error !== undefined)?.error;
  tell(error === undefined ? { t: 'done' } : { t: 'done', error });
  return ok();
}

function someHook({ added, removed, changed }: HookChanges): boolean {
  return added.length + removed.length + changed.length > 0;
}

/** What an update of everything would fail of, as things are now. A file that this portherd cannot read may be for the next one. */
export function updateObstacle(supervisor: Supervisor, running: Config['supervisor']): string | undefined {
  let why: string | undefined;
  planUpdate(supervisor, running, [], (line) => {
    if (line.t === 'done') why = line.error?.message;
  });
  return why;
}

function planned(
  { programs }: Supervisor,
  program: string,
  plan: Pick<UpdatePlan, 'does' | 'cost' | 'keys' | 'to'>,
  error: PortherdError | undefined,
): UpdatePlan {
  const fleet = programs.get(program)?.fleet;
  const running = fleet?.slots.filter((slot) => !isVacant(slot)).length ?? 0;
  const base = { t: 'planned', program, ...plan, from: fleet?.wanted ?? 0, running } as const;
  return error === undefined ? base : { ...base, error: errorBody(error) };
}

function changeError(
  { programs, ports }: Supervisor,
  config: ProgramConfig,
  { cost }: ProgramChange,
  held: readonly number[],
): PortherdError | undefined {
  if (programs.get(config.name)?.fleet.roll !== undefined)
    return failure('ROLL_IN_PROGRESS', `${config.name} is being rolled`);
  const checked =
    cost === 'restart'
      ? preflightProgram(config, ports, held)
      : cost === 'roll'
        ? ports.processes.prepare(config)
        : ok();
  return checked.ok ? undefined : checked.error;
}

function portsOf({ programs }: Supervisor, name: string): readonly number[] {
  return programs.get(name)?.config.listen.map(({ port }) => port) ?? [];
}
