import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Cuts long work into turns of the event loop, so that everything else goes on in between. Ask `due` at each step, and when
 * it is, `await rest()`.
 */
export class Turns {
  #since = performance.now();

  due(): boolean {
    return performance.now() - this.#since >= turnMsMax;
  }

  async rest(): Promise<void> {
    await this.idle(nextTurn());
  }

  /** Waits for something else; the next turn begins when it is there. */
  async idle<T>(pending: Promise<T>): Promise<T> {
    try {
      return await pending;
    } finally {
      this.#since = performance.now();
    }
  }
}

/** A command, a beat or a dying worker waits no longer for its turn. */
const turnMsMax = 4;
