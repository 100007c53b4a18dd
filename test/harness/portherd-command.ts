import { join } from 'node:path';
import { type CommandOptions, type CommandResult, type RunningCommand, startCommand } from './running-command.ts';

const main = join(import.meta.dirname, '../../dist/main.js');

/** `node dist/main.js ARGS…`: for what ends by itself, such as a refusal; a daemon that serves is harness/daemon.ts. */
export function runPortherd(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return startPortherd(args, options).ended;
}

export function startPortherd(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const { NODE_OPTIONS: _, PORTHERD_SOCKET: _socket, ...env } = { ...process.env, ...options.env };
  return startCommand(process.execPath, [main, ...args], { ...options, env });
}
