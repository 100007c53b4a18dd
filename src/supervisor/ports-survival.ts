import type { Result } from '../shared/result.ts';
import type { ProcessRef, SlotListener } from './ports.ts';

/** What a supervisor needs to take over from one that died, or that it was itself before it re-executed. */

/** The state that outlives the supervisor; see saved-state.ts for what is in it. */
export interface StateFile {
  /** Replaces it as a whole. An error changes nothing: the older state stays. */
  save(state: object): Result<undefined, string>;
  /** After an orderly end there is nothing to take over. */
  forget(): void;
}

/** What comes after this process image. */
export interface Successor {
  /** Shows that it could start. Errors: RELOAD_UNSUPPORTED, RELOAD_REFUSED. */
  rehearse(): Promise<Result<undefined>>;
}

/** A worker's process that outlived its supervisor, as its environment tells. */
export interface Survivor {
  readonly process: ProcessRef;
  readonly program: string;
  readonly slot: number;
  readonly generation: number;
  readonly token: string;
  /** A Node app with the preload, which dials. */
  readonly attached: boolean;
  /** Of the slot's sockets that it was started with, in the order of the program's `listen`. */
  readonly inodes: readonly number[];
}

/** A slot's socket, wherever a descriptor of it is to be had. */
export interface SavedSocket extends Pick<SlotListener, 'name' | 'host' | 'port' | 'inode'> {
  readonly program: string;
  readonly slot: number;
  /** In a process that replaced itself: still open under this number. */
  readonly fd: number;
}
