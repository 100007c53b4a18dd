import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ProgramConfig } from '../config/schema.ts';
import { assert } from '../shared/assert.ts';
import { ok, type Result } from '../shared/result.ts';
import type { Listeners, Processes, ProcessRef } from '../supervisor/ports.ts';
import type { AdoptedProcesses } from './adopted-processes.ts';
import { type ResolvedCommand, realDirectory, resolveCommand } from './command.ts';
import { firstCopyAbove, firstInherited, placeCopies, stdioOf } from './descriptors.ts';
import { logPaths, openLogs } from './log-files.ts';
import { identify, startTicksOf } from './procfs.ts';
import { signalProcess } from './signal-process.ts';
import { startProcess } from './start-process.ts';
import { activated, socketActivationEnv } from './socket-activation.ts';
import { type Environment, preloadOption, type WorkerHome, workerEnv } from './worker-env.ts';

export interface ProcessesOptions extends WorkerHome {
  readonly listeners: Pick<Listeners, 'of'>;
  readonly logDir: string;
  /** Of the daemon; the base of every worker's. */
  readonly env: Environment;
  readonly adopted: Pick<AdoptedProcesses, 'adopt' | 'suspect'>;
}

/**
 * Starts workers and signals them. Each is the leader of its own session and process group, reads /dev/null, writes to
 * its log files and inherits its slot's sockets. Node reaps what it started, so there are no zombies.
 */
export function createProcesses(options: ProcessesOptions): Processes {
  const { listeners, logDir, env, adopted } = options;

  function resolve(configured: ProgramConfig): Result<{ program: ProgramConfig; command: ResolvedCommand }> {
    const directory = realDirectory(configured.directory);
    if (!directory.ok) return directory;
    const program = { ...configured, directory: directory.value };
    const command = resolveCommand(program.command, program.directory, { ...env, ...program.environment });
    return command.ok ? ok({ program, command: command.value }) : command;
  }

  return {
    prepare(configured) {
      const resolved = resolve(configured);
      return resolved.ok ? ok(resolved.value.program) : resolved;
    },

    spawn(request, onExit) {
      const resolved = resolve(request.program);
      if (!resolved.ok) return resolved;
      const { program, command } = resolved.value;
      const logs = openLogs(logPaths(program, request.slot, logDir));
      if (!logs.ok) return logs;

      const sockets = program.bind === 'slot' ? listeners.of(program.name, request.slot) : [];
      const other = command.kind === 'other';
      const placed = placeCopies(sockets, other ? firstCopyAbove(openDescriptors()) : firstInherited);
      const childEnv = {
        ...(other ? socketActivationEnv(placed) : {}),
        ...workerEnv(env, { ...request, program }, options, other ? 'listen' : 'boot', placed),
      };
      const [file, ...args] =
        placed.length > 0 && other ? activated(command.argv, childEnv) : launch(command, options.preload);
      const started = startProcess(file, args, {
        cwd: program.directory,
        env: childEnv,
        stdio: [...stdioOf(logs.value, placed, other)],
        detached: true,
      });
      logs.value.close();
      if (!started.ok) return started;

      const { child, pid } = started.value; // at worst a zombie: it is reaped by the event loop, after this function
      const startTicks = startTicksOf(pid);
      assert(startTicks !== undefined, `child ${pid} vanished before it was reaped`);
      child.once('exit', (code, signal) => onExit({ code: code ?? undefined, signal: signal ?? undefined }));
      return ok<ProcessRef>({ pid, startTicks });
    },

    identify,

    adopt: (process, onExit) => adopted.adopt(process, onExit),
    suspect: (process) => adopted.suspect(process),
    signal: signalProcess,
  };
}

/** The preload of this installation: next to the compiled daemon, also when that is bundled or runs from src/. */
export function preloadPath(): string {
  let root = import.meta.dirname;
  while (!existsSync(join(root, 'package.json'))) {
    assert(root !== dirname(root), 'no package.json above the program');
    root = dirname(root);
  }
  return join(root, 'dist/worker/preload.cjs');
}

function launch({ kind, argv }: ResolvedCommand, preload: string): readonly [string, ...string[]] {
  const [file, ...args] = argv;
  return kind === 'node' ? [file, preloadOption, preload, ...args] : argv;
}

function openDescriptors(): readonly number[] {
  return readdirSync('/proc/self/fd').map(Number);
}
