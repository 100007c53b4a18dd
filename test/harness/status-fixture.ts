import type { DaemonStatus, ProgramStatus, SlotStatus, StatusReply } from '../../src/protocol/control.ts';
import { stateCodes } from '../../src/shared/states.ts';
import { version } from '../../src/shared/version.ts';

/** Status replies for tests of what is shown of them. A slot runs unless told otherwise. */
export function slotStatus(program: string, slot: number, its: Partial<SlotStatus> = {}): SlotStatus {
  const state = its.state ?? 'RUNNING';
  const living = state === 'RUNNING' || state === 'STARTING' || state === 'STOPPING';
  return {
    name: `${program}:${slot}`,
    slot,
    state,
    statecode: stateCodes[state],
    ...(living ? { pid: 4000 + slot, uptimeMs: 62_000 } : {}),
    generation: 1,
    ready: state === 'RUNNING',
    weight: state === 'RUNNING' ? 0.5 : 0,
    restarts: 0,
    leaving: [],
    logs: { stdout: `/var/log/portherd/${program}-${slot}.out`, stderr: `/var/log/portherd/${program}-${slot}.err` },
    ...its,
  };
}

export function programStatus(
  name: string,
  slots: readonly SlotStatus[],
  its: Partial<ProgramStatus> = {},
): ProgramStatus {
  const listen = [{ host: '127.0.0.1', port: 8080 }];
  return { name, generation: 1, workers: slots.length, bind: 'slot', listen, slots, ...its };
}

export function statusReply(programs: readonly ProgramStatus[], daemon: Partial<DaemonStatus> = {}): StatusReply {
  const its = { pid: 77, version, node: 'v24.21.0', uptimeMs: 5_000, rssBytes: 60_000_000, shuttingDown: false };
  return { daemon: { ...its, ...daemon }, programs };
}
