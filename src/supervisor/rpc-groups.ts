import { fault } from '../protocol/rpc-faults.ts';
import type { PortherdError } from '../shared/errors.ts';
import { ok } from '../shared/result.ts';
import { addProgram, removeProgram } from './group-command.ts';
import { configInfo } from './rpc-config-info.ts';
import type { RpcAnswer, RpcHandlers } from './rpc-context.ts';

/** Programs as supervisord's process groups: what the config file has of them, and in and out of operation. */
export const groupMethods: RpcHandlers<
  | 'supervisor.addProcessGroup'
  | 'supervisor.removeProcessGroup'
  | 'supervisor.reloadConfig'
  | 'supervisor.getAllConfigInfo'
> = {
  'supervisor.addProcessGroup'({ supervisor }, params) {
    const added = addProgram(supervisor, params.text(0));
    return added.ok ? ok(true) : faultOf(added.error, params.text(0));
  },

  'supervisor.removeProcessGroup'({ supervisor }, params) {
    const removed = removeProgram(supervisor, params.text(0));
    return removed.ok ? ok(true) : faultOf(removed.error, params.text(0));
  },

  'supervisor.reloadConfig'({ operator }) {
    const read = operator.reread();
    if (!read.ok) return fault('CANT_REREAD', read.error.message);
    const { available, changed, disappeared } = read.value;
    return ok([[available, changed.map(({ name }) => name), disappeared]]);
  },

  /** Of the file as it is now; of what runs, when the file cannot be used. */
  'supervisor.getAllConfigInfo'({ supervisor }) {
    const { ports, programs } = supervisor;
    const active = [...programs.values()].map(({ config }) => config);
    const read = ports.configFile.path === undefined ? undefined : ports.configFile.read();
    const configs = read?.ok === true ? read.value.programs : active;
    const infos = configs
      .toSorted((one, other) => one.priority - other.priority)
      .flatMap((config) =>
        Array.from({ length: config.workers }, (_, slot) => ({
          slot,
          info: configInfo(config, slot, programs.has(config.name), ports.workerLogs.paths(config, slot)),
        })),
      );
    return ok(infos.toSorted((one, other) => one.slot - other.slot).map(({ info }) => info));
  },
};

function faultOf({ code, message }: PortherdError, name: string): RpcAnswer {
  switch (code) {
    case 'BAD_NAME':
    case 'ALREADY_ADDED':
    case 'STILL_RUNNING':
      return fault(code, name);
    case 'CONFIG_NOT_FOUND':
    case 'CONFIG_SYNTAX':
    case 'CONFIG_INVALID':
    case 'NO_CONFIG_FILE':
      return fault('CANT_REREAD', message);
    default:
      return fault('FAILED', message);
  }
}
