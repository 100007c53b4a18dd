import { errorBody } from '../protocol/control.ts';
import type { RebalanceLine, RebalanceProgress, RebalanceRequest } from '../protocol/control-rebalance.ts';
import { unreachable } from '../shared/assert.ts';
import { formatDuration } from '../shared/duration.ts';
import { failure, type PortherdError } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { programName } from './names.ts';
import type { Course, Ending, Rebalancer } from './rebalance.ts';
import { sheddersOf } from './shed-readings.ts';
import type { Supervisor } from './supervisor.ts';

export type TellRebalance = (line: RebalanceLine) => void;

/** Tells line by line, the last one is `finished`; an error means that nothing was begun. */
export async function rebalance(
  supervisor: Supervisor,
  rebalancer: Rebalancer,
  { programs, wait, timeoutMs }: RebalanceRequest,
  tell: TellRebalance,
): Promise<Result<undefined>> {
  const chosen = choosePrograms(supervisor, rebalancer, programs);
  if (!chosen.ok) return chosen;
  const { clock } = supervisor.ports;
  const startedAt = clock.now();
  const runs = chosen.value.map((program) => rebalanceOne(rebalancer, program, timeoutMs, wait ? tell : () => {}));
  const failed = wait ? (await Promise.all(runs)).find((error) => error !== undefined) : undefined;
  const tookMs = Math.round(clock.now() - startedAt);
  const line = { t: 'finished', programs: chosen.value, tookMs } as const;
  tell(failed === undefined ? line : { ...line, error: errorBody(failed) });
  return ok();
}

/** Without names: all that can be balanced. A name that cannot is told why. */
function choosePrograms(
  supervisor: Supervisor,
  rebalancer: Rebalancer,
  names: readonly string[],
): Result<readonly string[]> {
  const wanted = new Set(names.length === 0 ? supervisor.programs.keys() : names.map(programName));
  const refusals = [...wanted].map((name) => ({ name, error: refuse(supervisor, rebalancer, name) }));
  const able = refusals.flatMap(({ name, error }) => (error === undefined ? [name] : []));
  const [first] = refusals.flatMap(({ error }) => (error === undefined ? [] : [error]));
  if (first === undefined || (names.length === 0 && able.length > 0)) return ok(able);
  return err(first);
}

function refuse(supervisor: Supervisor, rebalancer: Rebalancer, name: string): PortherdError | undefined {
  const program = supervisor.programs.get(name);
  if (program === undefined) return failure('BAD_NAME', `there is no program ${name}`);
  if (program.fleet.roll !== undefined) return failure('ROLL_IN_PROGRESS', `${name} is being rolled`);
  if (rebalancer.isBusy(name)) return failure('REBALANCE_IN_PROGRESS', `${name} is being rebalanced already`);
  const serving = program.fleet.slots.filter(({ seat }) => seat.is === 'RUNNING').length;
  if (serving === 0) return failure('NOT_RUNNING', `${name} is not running`);
  if (serving === 1) {
    const all = program.fleet.wanted === 1 ? 'one worker' : `one worker that serves, of ${program.fleet.wanted}`;
    return failure('CANNOT_BALANCE', `${name} has ${all}, nothing to balance`);
  }
  if (sheddersOf(supervisor, name).length >= 2) return undefined;
  const advice = 'Only Node apps that load portherd’s preload can. Roll the program, if its clients may reconnect.';
  return failure('CANNOT_BALANCE', `the workers of ${name} cannot be asked to give up connections`, advice);
}

async function rebalanceOne(
  rebalancer: Rebalancer,
  program: string,
  timeoutMs: number,
  tell: TellRebalance,
): Promise<PortherdError | undefined> {
  let told = '';
  const { is, course } = await rebalancer.run(program, timeoutMs, (now) => {
    const { tookMs: _, ...news } = now;
    const text = JSON.stringify(news);
    if (text !== told) tell({ t: 'progress', rebalance: progressOf(program, now) });
    told = text;
  });
  const rebalanced = progressOf(program, course);
  if (is === 'even') {
    tell({ t: 'balanced', rebalance: rebalanced });
    return undefined;
  }
  const error = failureOf(program, is, course, timeoutMs);
  tell({ t: 'unbalanced', rebalance: rebalanced, why: error.message });
  return error;
}

function progressOf(program: string, course: Course): RebalanceProgress {
  return { program, ...course, skewBefore: hundredths(course.skewBefore), skew: hundredths(course.skew) };
}

function failureOf(program: string, is: Exclude<Ending, 'even'>, course: Course, timeoutMs: number): PortherdError {
  const skew = `the skew of ${program} is still ${hundredths(course.skew).toFixed(2)}`;
  const silent =
    course.asked === 0 ? '' : `; ${course.asked} connections that were asked to leave have been silent since`;
  switch (is) {
    case 'late':
      return failure('NOT_BALANCED', `${skew} after ${formatDuration(timeoutMs)}${silent}`);
    case 'still':
      return failure('NOT_BALANCED', `${skew} and nothing moves any more${silent}`);
    case 'rolled':
      return failure('ROLL_IN_PROGRESS', `${program} is being rolled; ${skew}`);
    case 'superseded':
      return failure('REBALANCE_IN_PROGRESS', `another rebalance of ${program} has begun`);
    case 'stopped':
      return failure('NOT_RUNNING', `${program} has no two workers any more that could be balanced`);
    default:
      return unreachable(is);
  }
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
