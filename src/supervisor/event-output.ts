import { newScan, type OutputScan, scanOutput } from '../core/event-output.ts';
import { outputNews } from '../core/event-payloads.ts';
import type { ProgramConfig } from '../config/schema.ts';
import type { OutputFollowing } from './ports-events.ts';
import { sitting } from './report.ts';
import type { Supervisor } from './supervisor.ts';

type Stream = 'stdout' | 'stderr';

interface Source {
  readonly program: string;
  readonly slot: number;
  readonly stream: Stream;
  readonly told: boolean;
  /** Characters; 0 for none. */
  readonly capture: number;
}

type Sources = ReadonlyMap<string, Source>;

/**
 * Events of what workers write, for programs that want them: read from their logs, because they write there themselves. So the one that is
 * named is whoever sits in the slot when it is read.
 */
export class OutputEvents {
  readonly #supervisor: Supervisor;
  readonly #following: OutputFollowing;
  /** By program: what was made of it, and of what. */
  readonly #known = new Map<string, { config: ProgramConfig; slots: number; sources: Sources }>();

  constructor(supervisor: Supervisor, following: OutputFollowing) {
    this.#supervisor = supervisor;
    this.#following = following;
  }

  /** After anything has happened to a program. */
  sync(name: string): void {
    const program = this.#supervisor.programs.get(name);
    const known = this.#known.get(name);
    const slots = program?.fleet.slots.length ?? 0;
    if (program?.config === known?.config && slots === (known?.slots ?? 0)) return;
    const before = known?.sources ?? new Map<string, Source>();
    const sources = program === undefined ? new Map<string, Source>() : this.#sources(program.config, slots);
    // What stays is read on where it was.
    const stays = (path: string): boolean => isSame(before.get(path), sources.get(path));
    for (const path of before.keys()) if (!stays(path)) this.#following.unfollow(path);
    for (const [path, source] of sources) if (!stays(path)) this.#following.follow(path, this.#reader(source));
    if (program === undefined) this.#known.delete(name);
    else this.#known.set(name, { config: program.config, slots, sources });
  }

  /** A file that several write to is told as the first one's. */
  #sources(config: ProgramConfig, slots: number): Sources {
    const { name: program, logs } = config;
    const capture = logs.capture === 'never' ? 0 : logs.capture;
    const sources = new Map<string, Source>();
    for (let slot = 0; slot < slots; slot += 1) {
      const paths = this.#supervisor.ports.workerLogs.paths(config, slot);
      for (const stream of ['stdout', 'stderr'] as const) {
        const told = logs.events.includes(stream);
        const path = paths[stream];
        if ((told || capture > 0) && path.startsWith('/') && !sources.has(path))
          sources.set(path, { program, slot, stream, told, capture });
      }
    }
    return sources;
  }

  #reader({ program, slot, stream, told, capture }: Source): (bytes: Uint8Array) => void {
    const decoder = new TextDecoder();
    let scan: OutputScan = newScan;
    let last = 0;
    return (bytes) => {
      const seat = this.#supervisor.programs.get(program)?.fleet.slots[slot]?.seat;
      const pid = (seat === undefined ? undefined : sitting(seat)?.pid) ?? last;
      // What another one has begun, this one does not end.
      if (pid !== last) scan = newScan;
      last = pid;
      const [next, ...outputs] = scanOutput(scan, decoder.decode(bytes, { stream: true }), capture);
      scan = next;
      for (const output of outputs)
        if (output.is === 'captured' || told)
          this.#supervisor.events.publish(outputNews(program, slot, { pid, stream, output }));
    };
  }
}

function isSame(one: Source | undefined, other: Source | undefined): boolean {
  return (
    one?.slot === other?.slot &&
    one?.stream === other?.stream &&
    one?.told === other?.told &&
    one?.capture === other?.capture
  );
}
