import { err, type Result } from '../shared/result.ts';

/** supervisord's faults, by their names; clients compare the numbers, and print the names. */
export const rpcFaults = {
  UNKNOWN_METHOD: 1,
  INCORRECT_PARAMETERS: 2,
  BAD_ARGUMENTS: 3,
  SIGNATURE_UNSUPPORTED: 4,
  SHUTDOWN_STATE: 6,
  BAD_NAME: 10,
  BAD_SIGNAL: 11,
  NO_FILE: 20,
  NOT_EXECUTABLE: 21,
  FAILED: 30,
  ABNORMAL_TERMINATION: 40,
  SPAWN_ERROR: 50,
  ALREADY_STARTED: 60,
  NOT_RUNNING: 70,
  ALREADY_ADDED: 90,
  STILL_RUNNING: 91,
  CANT_REREAD: 92,
} as const;

/** In the arrays that start, stop, signal and clear answer with; not a fault. */
export const rpcSuccess = 80;

export type RpcFaultName = keyof typeof rpcFaults;

export interface RpcFault {
  readonly code: number;
  /** `NAME`, or `NAME: detail`. */
  readonly text: string;
}

export function fault(name: RpcFaultName, detail?: string): Result<never, RpcFault> {
  return err({ code: rpcFaults[name], text: detail === undefined ? name : `${name}: ${detail}` });
}
