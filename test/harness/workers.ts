import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProgramConfig } from '../../src/config/schema.ts';
import { watchAdopted } from '../../src/linux/adopted-processes.ts';
import { createEventPipes } from '../../src/linux/event-pipes.ts';
import { createProcesses } from '../../src/linux/processes.ts';
import type { ExitReport, ProcessRef, Processes, SlotListener, SpawnRequest } from '../../src/supervisor/ports.ts';
import { within } from './until.ts';
import { workerRequest } from './worker-request.ts';

export interface StartedWorker {
  readonly ref: ProcessRef;
  /** Rejects after half a minute. */
  readonly exited: () => Promise<ExitReport>;
  /** How often onExit was called. */
  readonly exits: () => number;
}

/** `Processes` of src/linux with a directory of its own; kills what it started when the test ends. */
export class Workers implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'portherd-workers-'));
  readonly processes: Processes;
  /** What `Listeners.of` answers. */
  sockets: readonly SlotListener[] = [];
  readonly #started: StartedWorker[] = [];

  /** `preload`: the source of what is loaded into node workers. */
  constructor(preload: string, env: NodeJS.ProcessEnv = process.env) {
    this.processes = createProcesses({
      preload,
      controlSocket: join(this.directory, 'control.sock'),
      channelSocket: join(this.directory, 'workers.sock'),
      logDir: this.directory,
      listeners: { of: () => this.sockets },
      env,
      adopted: watchAdopted(),
      eventPipes: createEventPipes({ warn: () => undefined }),
    });
  }

  /** Throws when it cannot be started. */
  start(program: Partial<ProgramConfig>, request: Partial<SpawnRequest> = {}): StartedWorker {
    let exits = 0;
    const { promise, resolve } = Promise.withResolvers<ExitReport>();
    const spawned = this.processes.spawn(workerRequest({ directory: this.directory, ...program }, request), (exit) => {
      exits += 1;
      resolve(exit);
    });
    if (!spawned.ok) throw new Error(`${spawned.error.code} ${spawned.error.message}`);
    const exited = async (): Promise<ExitReport> => {
      const exit = await within(30_000, promise);
      if (exit === undefined) throw new Error(`worker ${spawned.value.pid} did not exit`);
      return exit;
    };
    const worker = { ref: spawned.value, exited, exits: () => exits };
    this.#started.push(worker);
    return worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { ref } of this.#started) this.processes.signal(ref, 'SIGKILL', 'group');
    await Promise.all(this.#started.map(({ exited }) => exited()));
    rmSync(this.directory, { recursive: true });
  }
}
