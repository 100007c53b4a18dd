import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Cuts long work into turns of the event loop, so that everything else goes on in between. Ask `due` at each step, and when
 * it is, `await rest()`.
 */
export class Turns {
  #since = performance.now();
  #busyMs = 0;

  due(): boolean {
    return performance.now() - this.#since >= turnMsMax;
  }

  async rest(): Promise<void> {
    await this.idle(nextTurn());
  }

  /** Waits for something else, which is not this work's time. */
  async idle<T>(pending: Promise<T>): Promise<T> {
    this.#busyMs += performance.now() - this.#since;
    try {
      return await pending;
    } finally {
      this.#since = performance.now();
    }
  }

  /** The loop's time so far, ms. */
  get busyMs(): number {
    return this.#busyMs + performance.now() - this.#since;
  }
}

/** A command, a beat or a dying worker waits no longer for its turn. */
const turnMsMax = 4;
