import type { SeatName } from '../core/seat.ts';
import type { SlotResult } from '../protocol/control.ts';
import { fault, type RpcFault, type RpcFaultName, rpcFaults, rpcSuccess } from '../protocol/rpc-faults.ts';
import { struct } from '../protocol/xml-rpc.ts';
import type { ErrorCode } from '../shared/errors.ts';
import { ok, type Result } from '../shared/result.ts';
import { slotName } from './names.ts';
import type { RpcAnswer, RpcHandlers } from './rpc-context.ts';
import { byPriority, rpcGroup, rpcTarget } from './rpc-names.ts';
import { signalSlots, startSlots, stopSlots } from './slot-commands.ts';
import type { Program, Supervisor } from './supervisor.ts';

/**
 * start, stop and signal, as supervisord answers: a process that need not be touched is a fault when it is named itself, and is left out
 * when many are named. The work is slot-commands.ts.
 */
export const processMethods: RpcHandlers<
  | `supervisor.${'start' | 'stop' | 'signal'}${'Process' | 'ProcessGroup'}`
  | `supervisor.${'start' | 'stop' | 'signal'}AllProcesses`
> = {
  'supervisor.startProcess': ({ supervisor }, params) => one(supervisor, params.text(0), start(params.flag(1, true))),
  'supervisor.startProcessGroup': ({ supervisor }, params) =>
    group(supervisor, params.text(0), start(params.flag(1, true))),
  'supervisor.startAllProcesses': ({ supervisor }, params) => all(supervisor, start(params.flag(0, true))),
  'supervisor.stopProcess': ({ supervisor }, params) => one(supervisor, params.text(0), stop(params.flag(1, true))),
  'supervisor.stopProcessGroup': ({ supervisor }, params) =>
    group(supervisor, params.text(0), stop(params.flag(1, true))),
  'supervisor.stopAllProcesses': ({ supervisor }, params) => all(supervisor, stop(params.flag(0, true))),
  'supervisor.signalProcess': ({ supervisor }, params) => one(supervisor, params.text(0), signal(params.text(1))),
  'supervisor.signalProcessGroup': ({ supervisor }, params) =>
    group(supervisor, params.text(0), signal(params.text(1))),
  'supervisor.signalAllProcesses': ({ supervisor }, params) => all(supervisor, signal(params.text(0))),
};

/** What is asked of processes, and of which of them. */
interface Verb {
  readonly concerns: (state: SeatName) => boolean;
  /** For a process that it does not concern. */
  readonly otherwise: RpcFaultName;
  readonly act: (supervisor: Supervisor, names: readonly string[]) => Promise<readonly SlotResult[]>;
  /** Where it is not the code's own name. */
  readonly faults: Partial<Record<ErrorCode, RpcFaultName>>;
  /** What a fault of this name tells besides, if not the process’ name. */
  readonly details?: Partial<Record<RpcFaultName, string>>;
}

/** supervisord's RUNNING_STATES. */
function isStarted(state: SeatName): boolean {
  return state === 'STARTING' || state === 'RUNNING' || state === 'BACKOFF';
}

function start(wait: boolean): Verb {
  return {
    concerns: (state) => !isStarted(state),
    otherwise: 'ALREADY_STARTED',
    act: (supervisor, names) => startSlots(supervisor, names, wait),
    // supervisorctl knows no other fault of a start than supervisord's; these are its closest.
    faults: { NOT_RUNNING: 'ABNORMAL_TERMINATION', TIMED_OUT: 'ABNORMAL_TERMINATION' },
  };
}

function stop(wait: boolean): Verb {
  return {
    concerns: isStarted,
    otherwise: 'NOT_RUNNING',
    act: (supervisor, names) => stopSlots(supervisor, names, wait),
    faults: {},
  };
}

function signal(written: string): Verb {
  return {
    concerns: (state) => state === 'STARTING' || state === 'RUNNING' || state === 'STOPPING',
    otherwise: 'NOT_RUNNING',
    act: async (supervisor, names) => signalSlots(supervisor, names, written),
    faults: {},
    details: { BAD_SIGNAL: written },
  };
}

async function one(supervisor: Supervisor, name: string, verb: Verb): Promise<RpcAnswer> {
  const target = rpcTarget(supervisor, name);
  if (target === undefined) return fault('BAD_NAME', name);
  if (target.is === 'process') {
    const { program, slot } = target;
    // A signal that is none is told first, as supervisord does.
    const concerned = verb.details !== undefined || verb.concerns(stateOf(program, slot));
    if (!concerned) return fault(verb.otherwise, name);
    const [result] = await verb.act(supervisor, [slotName(program.config.name, slot)]);
    return result?.error === undefined ? ok(true) : faultOf(result.error, name, verb);
  }
  const results = await many(supervisor, [target.program], verb);
  if (!target.bare) return ok(results.map(resultStruct));
  const failed = results.find(({ outcome }) => !outcome.ok);
  if (failed !== undefined && !failed.outcome.ok) return failed.outcome;
  return results.length === 0 ? fault(verb.otherwise, name) : ok(true);
}

async function group(supervisor: Supervisor, name: string, verb: Verb): Promise<RpcAnswer> {
  const program = rpcGroup(supervisor, name);
  if (program === undefined) return fault('BAD_NAME', name);
  return ok((await many(supervisor, [program], verb)).map(resultStruct));
}

async function all(supervisor: Supervisor, verb: Verb): Promise<RpcAnswer> {
  return ok((await many(supervisor, byPriority(supervisor), verb)).map(resultStruct));
}

interface Acted {
  readonly group: string;
  readonly slot: number;
  readonly outcome: Result<undefined, RpcFault>;
}

async function many(supervisor: Supervisor, programs: readonly Program[], verb: Verb): Promise<readonly Acted[]> {
  const concerned = programs.flatMap(({ config, fleet }) =>
    fleet.slots
      .filter(({ seat }) => verb.concerns(seat.is))
      .map(({ index }) => ({ group: config.name, slot: index, name: slotName(config.name, index) })),
  );
  const results = await verb.act(
    supervisor,
    concerned.map(({ name }) => name),
  );
  const errors = new Map(results.map(({ name, error }) => [name, error]));
  return concerned.map(({ group: of, slot, name }) => {
    const error = errors.get(name);
    return { group: of, slot, outcome: error === undefined ? ok() : faultOf(error, name, verb) };
  });
}

function resultStruct({ group: of, slot, outcome }: Acted) {
  return processResult(of, slot, outcome);
}

/** An element of the arrays that methods for many processes answer with. */
export function processResult(of: string, slot: number, outcome: Result<unknown, RpcFault>) {
  const { code, text } = outcome.ok ? { code: rpcSuccess, text: 'OK' } : outcome.error;
  return struct({ name: String(slot), group: of, status: code, description: text });
}

function faultOf(
  { code, message }: Pick<NonNullable<SlotResult['error']>, 'code' | 'message'>,
  name: string,
  verb: Verb,
) {
  const known = verb.faults[code] ?? (code === 'SHUTTING_DOWN' ? 'SHUTDOWN_STATE' : code);
  if (!isFault(known)) return fault('FAILED', message);
  const says = known === 'NO_FILE' || known === 'NOT_EXECUTABLE' ? message : name;
  return fault(known, verb.details?.[known] ?? says);
}

function isFault(name: string): name is RpcFaultName {
  return Object.hasOwn(rpcFaults, name);
}

function stateOf({ fleet }: Program, slot: number): SeatName {
  return fleet.slots[slot]?.seat.is ?? 'STOPPED';
}
