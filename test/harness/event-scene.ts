import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProgramConfig } from '../../src/config/schema.ts';
import { newFleet } from '../../src/core/fleet.ts';
import { emptySlot } from '../../src/core/seat.ts';
import { createEventPipes, eventStdio } from '../../src/linux/event-pipes.ts';
import { EventDesk } from '../../src/supervisor/event-desk.ts';
import { LiveWorkers } from '../../src/supervisor/live-workers.ts';
import type { LogFields } from '../../src/supervisor/ports.ts';
import type { Program } from '../../src/supervisor/supervisor.ts';
import { workerRequest } from './worker-request.ts';

/** What a listener of fixtures/event-listener.py noted. */
export interface Noted {
  readonly pid: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: string;
  readonly end?: boolean;
}

export function readNotes(path: string): readonly Noted[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line): Noted => JSON.parse(line));
}

export const listenerScript = join(import.meta.dirname, '../fixtures/event-listener.py');

/** The real desk and real pipes, with real listeners behind them, and no daemon around: one program `watch`, a slot for each habit. */
export class EventScene implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'portherd-events-'));
  readonly desk: EventDesk;
  readonly logged: LogFields[] = [];
  readonly children: ChildProcess[] = [];
  readonly #workers = new LiveWorkers();
  readonly #programs = new Map<string, Program>();
  readonly #pipes;
  readonly #config: ProgramConfig;

  constructor(buffer: number) {
    const note = (fields: LogFields): void => void this.logged.push(fields);
    const log = { debug: note, info: note, warn: note, error: note };
    const clock = { now: () => performance.now() };
    const [programs, workers] = [this.#programs, this.#workers];
    this.desk = new EventDesk({ programs, workers, send: () => undefined, ports: { clock, log } });
    this.#pipes = createEventPipes(log);
    this.#pipes.onEvent = (event) => this.desk.heard(event);
    this.desk.connect(this.#pipes);
    this.#config = workerRequest({ name: 'watch', events: { subscribe: ['EVENT'], buffer } }).program;
    this.desk.open(this.#config);
  }

  /** One more, in the next slot, RUNNING at once. Answers its handle, which is the slot's number plus one. */
  add(habit: string, stdoutLog?: string): number {
    const handle = this.children.length + 1;
    const child = spawn('python3', [listenerScript, this.file(handle), habit], {
      stdio: [...eventStdio, 'inherit'],
      detached: true,
    });
    this.children.push(child);
    const { pid = 0 } = child;
    const base = { handle, program: 'watch', slot: handle - 1, worker: handle, generation: 1, startedAt: 0, token: '' };
    this.#workers.add({ ...base, process: { pid, startTicks: 0 }, stderr: { path: 'none', from: 0 } });
    this.#seat(handle);
    this.#pipes.connect(
      { worker: handle, program: 'watch', stdoutLog: stdoutLog ?? join(this.directory, `${handle}.log`) },
      child,
    );
    return handle;
  }

  file(handle: number): string {
    return join(this.directory, `${handle}.json`);
  }

  /** The payloads that it noted. */
  told(handle: number): readonly string[] {
    return readNotes(this.file(handle)).flatMap(({ payload }) => payload ?? []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.desk.end();
    for (const child of this.children) {
      if (child.pid === undefined) continue;
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // ESRCH: the whole group has ended.
      }
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  #seat(handle: number): void {
    const slots = Array.from({ length: handle }, (_, index) => {
      const worker = { id: index + 1, generation: 1, startedAt: 0, pid: 1, attached: false };
      return { ...emptySlot(index, 1), seat: { is: 'RUNNING', worker, readyAt: 0, provenAt: 0 } as const };
    });
    this.#programs.set('watch', { config: this.#config, fleet: { ...newFleet(handle), slots }, launches: new Map() });
  }
}
