import type { SlotStatus } from '../protocol/control.ts';
import { fault } from '../protocol/rpc-faults.ts';
import { type RpcStruct, struct } from '../protocol/xml-rpc.ts';
import { unreachable } from '../shared/assert.ts';
import { ok } from '../shared/result.ts';
import { formatStopTime, formatUptime } from '../shared/uptime.ts';
import { capped, type RpcContext, type RpcHandlers } from './rpc-context.ts';
import { rpcTarget } from './rpc-names.ts';
import type { StartAndStop } from './slot-times.ts';

/** State of processes, in the words that supervisorctl shows. */
export const infoMethods: RpcHandlers<'supervisor.getProcessInfo' | 'supervisor.getAllProcessInfo'> = {
  async 'supervisor.getProcessInfo'(context, params) {
    const name = params.text(0);
    const target = rpcTarget(context.supervisor, name);
    if (target?.is !== 'process') return fault('BAD_NAME', name);
    const found = (await allInfos(context)).find(
      ({ group, slot }) => group === target.program.config.name && slot === target.slot,
    );
    return found === undefined ? fault('BAD_NAME', name) : ok(found.info);
  },

  'supervisor.getAllProcessInfo': async (context) => ok((await allInfos(context)).map(({ info }) => info)),
};

/** Groups by name, as supervisord sorts them; their processes by number. */
async function allInfos({ supervisor, operator, times }: RpcContext) {
  const { programs } = await operator.status(false);
  const now = supervisor.ports.clock.wall();
  return programs
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap(({ name, slots }) =>
      slots.map((slot) => ({
        group: name,
        slot: slot.slot,
        info: processInfo(name, slot, times.of(name, slot.slot), now),
      })),
    );
}

/** `now` in Unix ms. */
export function processInfo(group: string, slot: SlotStatus, times: StartAndStop, now: number): RpcStruct {
  const { pid, uptimeMs, stoppedAt, failure, logs } = slot;
  const stop = times.stop === 0 ? (stoppedAt ?? 0) : times.stop;
  // Of one that this daemon has not started nor seen running, only the end is known.
  const start = uptimeMs === undefined ? (times.start === 0 ? (stoppedAt ?? 0) : times.start) : now - uptimeMs;
  return struct({
    name: String(slot.slot),
    group,
    start: seconds(start),
    stop: seconds(stop),
    now: seconds(now),
    state: slot.statecode,
    statename: slot.state,
    spawnerr: failure ?? '',
    exitstatus: slot.exitSignal === undefined ? (slot.exitCode ?? 0) : -1,
    logfile: logFile(logs.stdout),
    stdout_logfile: logFile(logs.stdout),
    stderr_logfile: logFile(logs.stderr),
    pid: pid ?? 0,
    description: describe(group, slot),
  });
}

function describe(group: string, { state, pid, uptimeMs, failure, stoppedAt, slot }: SlotStatus): string {
  switch (state) {
    case 'RUNNING':
      return `pid ${pid ?? 0}, uptime ${formatUptime(uptimeMs ?? 0)}`;
    case 'BACKOFF':
    case 'FATAL':
      return failure ?? `unknown error (try "tail ${group}:${slot}")`;
    case 'STOPPED':
    case 'EXITED':
      return stoppedAt === undefined ? 'Not started' : formatStopTime(new Date(stoppedAt));
    case 'STARTING':
    case 'STOPPING':
    case 'UNKNOWN':
      return '';
    default:
      return unreachable(state);
  }
}

/** Unix seconds; in 2038 an int of XML-RPC is full. */
function seconds(ms: number): number {
  return capped(ms / 1_000);
}

function logFile(path: string): string {
  return path === 'none' || path === 'inherit' ? '' : path;
}
