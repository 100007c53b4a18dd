import { closeSync, existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { listensToEvents } from '../config/events-schema.ts';
import { assert } from '../shared/assert.ts';
import { ok } from '../shared/result.ts';
import type { Listeners, Processes, ProcessRef } from '../supervisor/ports.ts';
import type { AdoptedProcesses } from './adopted-processes.ts';
import { admitOthers } from './admit-others.ts';
import type { ResolvedCommand } from './command.ts';
import { firstCopyAbove, firstInherited, placeCopies, stdioOf } from './descriptors.ts';
import { type EventPipeEnds, eventStdio } from './event-pipes.ts';
import { prepareLaunch } from './launch.ts';
import { launchLine } from './launch-line.ts';
import { loadLibc } from './libc.ts';
import { logPaths, openLogs } from './log-files.ts';
import { identify, startTicksOf } from './procfs.ts';
import { signalProcess } from './signal-process.ts';
import { startProcess } from './start-process.ts';
import { socketActivationEnv } from './socket-activation.ts';
import { type Environment, preloadOption, type WorkerHome, workerEnv } from './worker-env.ts';
import { openStdin } from './worker-stdin.ts';

export interface ProcessesOptions extends WorkerHome {
  readonly listeners: Pick<Listeners, 'of'>;
  readonly logDir: string;
  /** Of the daemon; the base of every worker's. */
  readonly env: Environment;
  readonly adopted: Pick<AdoptedProcesses, 'adopt' | 'suspect'>;
  readonly eventPipes: Pick<EventPipeEnds, 'connect'>;
}

/**
 * Starts workers and signals them. Each is the leader of its own session and process group, reads a pipe, writes to its
 * log files and inherits its slot's sockets. Node reaps what it started, so there are no zombies.
 */
export function createProcesses(options: ProcessesOptions): Processes {
  const { listeners, logDir, env, adopted, eventPipes } = options;

  return {
    prepare(configured) {
      const launch = prepareLaunch(configured, 0, env);
      return launch.ok ? ok({ ...configured, directory: launch.value.program.directory }) : launch;
    },

    spawn(request, onExit) {
      const launch = prepareLaunch(request.program, request.slot, env);
      if (!launch.ok) return launch;
      const { program, command, traits, tools } = launch.value;
      const { account } = traits;
      const admitted = account?.uid === undefined ? ok() : admitOthers(options.channelSocket);
      if (!admitted.ok) return admitted;
      const paths = logPaths(program, request.slot, logDir);
      const logs = openLogs(paths);
      if (!logs.ok) return logs;

      const listens = listensToEvents(program);
      const piped = program.stdin === 'pipe' && !listens;
      const stdin = piped ? openStdin(account !== undefined, loadLibc) : undefined;

      const sockets = program.bind === 'slot' ? listeners.of(program.name, request.slot) : [];
      const other = command.kind === 'other';
      const placed = placeCopies(sockets, other ? firstCopyAbove(openDescriptors()) : firstInherited);
      const childEnv = {
        ...(other ? socketActivationEnv(placed) : {}),
        ...workerEnv(env, { ...request, program }, options, other ? 'listen' : 'boot', placed),
      };
      const own = { ...traits, activated: placed.length > 0 && other };
      const line = launchLine(withPreload(command, options.preload), childEnv, own, tools);
      const [file, ...args] = line.words;
      const stdio = stdioOf({ ...logs.value, stdin: stdin ?? 'ignore' }, placed, other);
      const started = startProcess(file, args, {
        cwd: program.directory,
        env: line.env,
        stdio: listens ? [...eventStdio, ...stdio.slice(eventStdio.length)] : [...stdio],
        detached: true,
      });
      logs.value.close();
      if (stdin !== undefined) closeSync(stdin);
      if (!started.ok) return started;

      const { child, pid } = started.value; // at worst a zombie: it is reaped by the event loop, after this function
      const startTicks = startTicksOf(pid);
      assert(startTicks !== undefined, `child ${pid} vanished before it was reaped`);
      child.once('exit', (code, signal) => onExit({ code: code ?? undefined, signal: signal ?? undefined }));
      if (listens)
        eventPipes.connect({ worker: request.worker, program: program.name, stdoutLog: paths.stdout }, child);
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

function withPreload({ kind, argv }: ResolvedCommand, preload: string): readonly [string, ...string[]] {
  const [file, ...args] = argv;
  return kind === 'node' ? [file, preloadOption, preload, ...args] : argv;
}

function openDescriptors(): readonly number[] {
  return readdirSync('/proc/self/fd').map(Number);
}
