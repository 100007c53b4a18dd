import { fault } from '../protocol/rpc-faults.ts';
import { isRpcMethod, type RpcMethod, type RpcMethodName, type RpcParam, rpcMethods } from '../protocol/rpc-methods.ts';
import type { RpcValue } from '../protocol/xml-rpc.ts';
import { logFileOf } from './log-commands.ts';
import type { Rpc } from './ports-rpc.ts';
import { type RpcAnswer, type RpcContext, type RpcHandlers, RpcParams } from './rpc-context.ts';
import { daemonMethods } from './rpc-daemon.ts';
import { groupMethods } from './rpc-groups.ts';
import { logMethods } from './rpc-logs.ts';
import { infoMethods } from './rpc-process-info.ts';
import { processMethods } from './rpc-processes.ts';
import { systemMethods } from './rpc-system.ts';

/** supervisord's XML-RPC interface over this supervisor: what is called is looked up, checked against the table, and done. */
export function createRpc(context: RpcContext): Rpc {
  const call = async (method: string, params: readonly RpcValue[]): Promise<RpcAnswer> => {
    if (!isRpcMethod(method)) return fault('UNKNOWN_METHOD');
    const { params: wanted, always }: RpcMethod = rpcMethods[method];
    if (!fit(params, wanted)) return fault('INCORRECT_PARAMETERS');
    if (always !== true && context.operator.ending) return fault('SHUTDOWN_STATE');
    return handlers[method](context, new RpcParams(params));
  };
  const handlers: RpcHandlers<RpcMethodName> = {
    ...daemonMethods,
    ...groupMethods,
    ...infoMethods,
    ...logMethods,
    ...processMethods,
    ...systemMethods(call),
  };
  return {
    call,
    logFile: (name, stream) => logFileOf(context.supervisor, name === undefined ? { stream } : { name, stream }),
  };
}

function fit(given: readonly RpcValue[], wanted: readonly RpcParam[]): boolean {
  const needed = wanted.filter(({ optional }) => optional !== true).length;
  if (given.length < needed || given.length > wanted.length) return false;
  return given.every((value, at) => {
    const param = wanted[at];
    const type = typeOf(value);
    return type !== undefined && param !== undefined && (type === param.type || param.also?.includes(type) === true);
  });
}

/** Undefined for what no method takes. */
function typeOf(value: RpcValue): RpcParam['type'] | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return typeof value === 'string' ? 'string' : 'boolean';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : undefined;
  return Array.isArray(value) ? 'array' : undefined;
}
