import { slotName } from './names.ts';
import type { Supervisor } from './supervisor.ts';

/** Unix ms; 0 when it never happened, as supervisord has it. */
export interface StartAndStop {
  readonly start: number;
  readonly stop: number;
}

/** When each slot was last started and last ended: supervisord's clients ask, and core has no use for it. */
export class SlotTimes {
  readonly #times = new Map<string, StartAndStop>();
  readonly #supervisor: Supervisor;

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor;
    supervisor.watch((program, fact) => {
      if (fact === undefined || !('slot' in fact) || fact.slot === undefined) return;
      if (fact.event === 'spawned') this.#note(program, fact.slot, 'start');
      if (fact.event === 'exited' || fact.event === 'failed' || fact.event === 'stopped')
        this.#note(program, fact.slot, 'stop');
    });
  }

  of(program: string, slot: number): StartAndStop {
    return this.#times.get(slotName(program, slot)) ?? { start: 0, stop: 0 };
  }

  /** Programs come and go; their names are the config’s, and few. */
  #note(program: string, slot: number, which: keyof StartAndStop): void {
    const name = slotName(program, slot);
    this.#times.set(name, { ...this.of(program, slot), [which]: this.#supervisor.ports.clock.wall() });
  }
}
