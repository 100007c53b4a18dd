import type { RpcFault } from '../protocol/rpc-faults.ts';
import type { RpcValue } from '../protocol/xml-rpc.ts';
import type { Result } from '../shared/result.ts';

/** What supervisord's clients end in: a parsed call in, its answer or a fault out. */
export interface Rpc {
  call(method: string, params: readonly RpcValue[]): Promise<Result<RpcValue, RpcFault>>;
  /** The path of a process’ log, or of the daemon's own. Errors: BAD_NAME, NO_LOG. */
  logFile(name: string | undefined, stream: 'stdout' | 'stderr'): Result<string>;
}
