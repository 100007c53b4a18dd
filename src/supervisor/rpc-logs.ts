import { fault, type RpcFaultName } from '../protocol/rpc-faults.ts';
import type { ErrorCode } from '../shared/errors.ts';
import { logText } from '../shared/log-text.ts';
import { ok } from '../shared/result.ts';
import type { LogStream } from '../protocol/control-logs.ts';
import { clearDaemonLog, clearLogs, readLog, tailLog } from './log-commands.ts';
import { slotName } from './names.ts';
import { capped, type RpcAnswer, type RpcContext, type RpcHandler, type RpcHandlers } from './rpc-context.ts';
import { byPriority, rpcTarget } from './rpc-names.ts';
import { processResult } from './rpc-processes.ts';

/** Logs: text in UTF-8 whatever the bytes, and no more than logReadBytesMax of them in an answer. */

const readStdout = readOf('stdout');
const readStderr = readOf('stderr');
const tailStdout = tailOf('stdout');
const tailStderr = tailOf('stderr');

const readMain: RpcHandler = async ({ supervisor }, params) => {
  const read = await readLog(supervisor, { stream: 'stdout' }, params.number(0), params.number(1));
  return read.ok ? ok(logText(read.value.bytes)) : fault(faults[read.error.code] ?? 'FAILED');
};

const clear: RpcHandler = async ({ supervisor }, params) => {
  const name = params.text(0);
  const target = rpcTarget(supervisor, name);
  if (target?.is !== 'process') return fault('BAD_NAME', name);
  return clearOne(supervisor, target.program.config.name, target.slot, name);
};

export const logMethods: RpcHandlers<
  | 'supervisor.readLog'
  | 'supervisor.readMainLog'
  | 'supervisor.clearLog'
  | `supervisor.readProcess${'' | 'Stdout' | 'Stderr'}Log`
  | `supervisor.tailProcess${'' | 'Stdout' | 'Stderr'}Log`
  | 'supervisor.clearProcessLog'
  | 'supervisor.clearProcessLogs'
  | 'supervisor.clearAllProcessLogs'
> = {
  'supervisor.readLog': readMain,
  'supervisor.readMainLog': readMain,
  'supervisor.readProcessLog': readStdout,
  'supervisor.readProcessStdoutLog': readStdout,
  'supervisor.readProcessStderrLog': readStderr,
  'supervisor.tailProcessLog': tailStdout,
  'supervisor.tailProcessStdoutLog': tailStdout,
  'supervisor.tailProcessStderrLog': tailStderr,
  'supervisor.clearProcessLog': clear,
  'supervisor.clearProcessLogs': clear,

  async 'supervisor.clearLog'({ supervisor }) {
    const cleared = await clearDaemonLog(supervisor);
    return cleared.ok ? ok(true) : fault(faults[cleared.error.code] ?? 'FAILED');
  },

  async 'supervisor.clearAllProcessLogs'({ supervisor }) {
    const results = [];
    for (const { config, fleet } of byPriority(supervisor)) {
      for (const { index } of fleet.slots) {
        const name = slotName(config.name, index);
        results.push(processResult(config.name, index, await clearOne(supervisor, config.name, index, name)));
      }
    }
    return ok(results);
  },
};

function readOf(stream: LogStream): RpcHandler {
  return async ({ supervisor }, params) => {
    const log = logOf(supervisor, params.text(0), stream);
    if (log === undefined) return fault('BAD_NAME', params.text(0));
    const read = await readLog(supervisor, log, params.number(1), params.number(2));
    return read.ok ? ok(logText(read.value.bytes)) : fault(faults[read.error.code] ?? 'FAILED');
  };
}

function tailOf(stream: LogStream): RpcHandler {
  return async ({ supervisor }, params) => {
    const log = logOf(supervisor, params.text(0), stream);
    if (log === undefined) return fault('BAD_NAME', params.text(0));
    const tail = await tailLog(supervisor, log, params.number(1), params.number(2));
    if (!tail.ok) return fault(faults[tail.error.code] ?? 'FAILED');
    return ok([logText(tail.value.bytes), capped(tail.value.offset), tail.value.overflow]);
  };
}

function logOf(supervisor: RpcContext['supervisor'], name: string, stream: LogStream) {
  const target = rpcTarget(supervisor, name);
  return target?.is === 'process' ? { name: slotName(target.program.config.name, target.slot), stream } : undefined;
}

async function clearOne(
  supervisor: RpcContext['supervisor'],
  program: string,
  slot: number,
  asked: string,
): Promise<RpcAnswer> {
  const [result] = await clearLogs(supervisor, [slotName(program, slot)]);
  return result?.error === undefined ? ok(true) : fault('FAILED', asked);
}

const faults: Partial<Record<ErrorCode, RpcFaultName>> = {
  BAD_NAME: 'BAD_NAME',
  NO_LOG: 'NO_FILE',
  BAD_RANGE: 'BAD_ARGUMENTS',
  LOG_UNUSABLE: 'FAILED',
};
