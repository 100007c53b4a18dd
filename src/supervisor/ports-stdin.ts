import type { Result } from '../shared/result.ts';
import type { ProcessRef } from './ports.ts';

/** Workers' standard input, from outside. */
export interface WorkerStdin {
  /**
   * As UTF-8, in the order of the calls; resolves when the worker's pipe has it, which does not mean that it has been read. Bounded in time.
   * Errors: NOT_RUNNING, NO_STDIN, STDIN_FULL.
   */
  write(worker: ProcessRef, text: string): Promise<Result<undefined>>;
}
