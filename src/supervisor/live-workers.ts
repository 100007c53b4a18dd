import type { Beat } from '../protocol/channel.ts';
import type { ProcessRef } from './ports.ts';

/** What the world knows of one worker and core does not need: its process, its channel's beat, where its words begin. */
export interface LiveWorker {
  /** Unique for the daemon's life, over all programs; names the worker on the channel. */
  readonly handle: number;
  readonly program: string;
  readonly slot: number;
  /** Unique in its program: the id that core uses. */
  readonly worker: number;
  readonly generation: number;
  readonly process: ProcessRef;
  readonly startedAt: number;
  /** Its secret, by which the next supervisor knows it again. */
  readonly token: string;
  readonly stderr: { readonly path: string; readonly from: number };
  /** Inodes of the slot's sockets, which it inherited. */
  readonly sockets?: readonly number[];
  /** The process that serves, where that is not the one that was started (npm start). */
  readonly serving?: ProcessRef;
  readonly beat?: Beat;
  /** When the worker last said something, monotonic ms; undefined while it has no channel. */
  readonly heardAt?: number | undefined;
  /** It was on the channel of a former supervisor and has not dialled this one yet: what it is asked waits for it. */
  readonly awaited?: boolean | undefined;
}

/** The books of processes that exist. One entry a worker, from its spawn to its sweep. */
export class LiveWorkers {
  readonly #byHandle = new Map<number, LiveWorker>();
  readonly #lastWords = new Map<string, readonly string[]>();
  readonly #hearers = new Set<(handle: number) => void>();
  #handles = 0;

  /** Handles that a former supervisor gave out. */
  reserve(handles: number): void {
    this.#handles = Math.max(this.#handles, handles);
  }

  /** The highest that was given out. */
  get handles(): number {
    return this.#handles;
  }

  nextHandle(): number {
    this.#handles += 1;
    return this.#handles;
  }

  add(worker: LiveWorker): void {
    this.#byHandle.set(worker.handle, worker);
  }

  byHandle(handle: number): LiveWorker | undefined {
    return this.#byHandle.get(handle);
  }

  find(program: string, worker: number): LiveWorker | undefined {
    for (const live of this.#byHandle.values()) if (live.program === program && live.worker === worker) return live;
    return undefined;
  }

  in(program: string, slot: number): readonly LiveWorker[] {
    return [...this.#byHandle.values()].filter((live) => live.program === program && live.slot === slot);
  }

  all(): readonly LiveWorker[] {
    return [...this.#byHandle.values()];
  }

  /** Hears whose beat came. Returns what ends it. */
  onBeat(hear: (handle: number) => void): () => void {
    this.#hearers.add(hear);
    return () => this.#hearers.delete(hear);
  }

  beat(handle: number, beat: Beat): void {
    this.change(handle, { beat });
    for (const hear of this.#hearers) hear(handle);
  }

  change(handle: number, change: Partial<Pick<LiveWorker, 'serving' | 'beat' | 'heardAt' | 'awaited'>>): void {
    const live = this.#byHandle.get(handle);
    if (live !== undefined) this.#byHandle.set(handle, { ...live, ...change });
  }

  /** The process is gone; what it said last is kept for a roll's report. */
  remove(live: LiveWorker, lastWords: readonly string[]): void {
    this.#byHandle.delete(live.handle);
    this.#lastWords.set(`${live.program}:${live.worker}`, lastWords);
    const [oldest] = this.#lastWords.keys();
    if (this.#lastWords.size > lastWordsKept && oldest !== undefined) this.#lastWords.delete(oldest);
  }

  lastWordsOf(program: string, worker: number): readonly string[] {
    return this.#lastWords.get(`${program}:${worker}`) ?? [];
  }
}

/** Two KiB each: enough for a roll that fails while a whole fleet crashes. */
const lastWordsKept = 64;
