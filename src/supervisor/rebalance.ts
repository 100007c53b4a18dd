import {
  beginShedding,
  type Crowded,
  isCrowded,
  type Plan,
  planShedding,
  shedLookMs,
  skewOf,
  stepCrowded,
} from '../core/shed.ts';
import { freshBeats } from './fresh-beats.ts';
import { type Shedder, sheddersOf } from './shed-readings.ts';
import type { Supervisor } from './supervisor.ts';

/** How the rebalancing of one program goes. */
export interface Course {
  readonly workers: number;
  readonly skewBefore: number;
  readonly skew: number;
  /** Connections that left since it began. */
  readonly left: number;
  /** Connections that were asked to leave and are still open. */
  readonly asked: number;
  readonly tookMs: number;
}

/** `late`: not even at the deadline. The others are the plan's, or why it ended before. */
export type Ending = Exclude<Plan['is'], 'going'> | 'late' | 'rolled' | 'superseded' | 'stopped';

interface Run {
  readonly automatic: boolean;
  superseded: boolean;
}

/** Between two looks at whether a program is crowded. */
const crowdLookMs = 1_000;
/** Automatic shedding that got nowhere is not tried again before. */
const quietMs = 30_000;
const automaticMs = 60_000;

/**
 * Moves open connections between the workers of a program until they are even: asked by an operator, or by itself where the
 * config says so. One run a program; an operator's takes the place of an automatic one. What to do is decided in core/shed.ts.
 */
export class Rebalancer {
  readonly #supervisor: Supervisor;
  readonly #runs = new Map<string, Run>();
  readonly #watched = new Map<string, { readonly at: number; readonly crowded: Crowded }>();

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor;
    // After each decision, and the fleet decides each time that it has been measured.
    supervisor.watch((program, fact) => {
      if (fact === undefined) this.#watch(program);
    });
  }

  /** An operator's run is under way. */
  isBusy(program: string): boolean {
    return this.#runs.get(program)?.automatic === false;
  }

  /** `tell` hears of each look, the last included. */
  async run(
    program: string,
    timeoutMs: number,
    tell: (course: Course) => void,
    automatic = false,
  ): Promise<{ readonly is: Ending; readonly course: Course }> {
    const before = this.#runs.get(program);
    if (before !== undefined) before.superseded = true;
    const run: Run = { automatic, superseded: false };
    this.#runs.set(program, run);
    const { log } = this.#supervisor.ports;
    try {
      await freshBeats(this.#supervisor);
      const ended = await this.#shed(program, run, timeoutMs, tell);
      const { skewBefore, skew, left } = ended.course;
      const fields = { program, automatic, is: ended.is, skewBefore, skew, left };
      log.info({ event: 'rebalanced', ...fields }, 'asked connections to leave where there were too many');
      return ended;
    } finally {
      if (this.#runs.get(program) === run) this.#runs.delete(program);
    }
  }

  async #shed(
    program: string,
    run: Run,
    timeoutMs: number,
    tell: (course: Course) => void,
  ): Promise<{ readonly is: Ending; readonly course: Course }> {
    const { clock } = this.#supervisor.ports;
    const startedAt = clock.now();
    let shedders = sheddersOf(this.#supervisor, program);
    let shedding = beginShedding(shedders, startedAt);
    const skewBefore = skewOf(shedders);
    let left = 0;
    for (;;) {
      const now = clock.now();
      const seen = sheddersOf(this.#supervisor, program);
      left += leftSince(shedders, seen);
      shedders = seen;
      const asked = shedders.reduce((sum, reading) => sum + reading.shedding, 0);
      const tookMs = Math.round(now - startedAt);
      const course = { workers: shedders.length, skewBefore, skew: skewOf(shedders), left, asked, tookMs };
      tell(course);
      const interrupted = this.#interrupted(program, run, shedders);
      if (interrupted !== undefined) return { is: interrupted, course };
      const plan = planShedding(shedding, shedders, this.#perSecond(program), now);
      shedding = plan.next;
      if (plan.is !== 'going') return { is: plan.is, course };
      if (now - startedAt >= timeoutMs) return { is: 'late', course };
      for (const { slot, count } of plan.give) this.#ask(shedders, slot, count);
      await pause(Math.min(shedLookMs, timeoutMs - (now - startedAt)));
    }
  }

  #ask(shedders: readonly Shedder[], slot: number, count: number): void {
    const { channel } = this.#supervisor.ports;
    const shedder = shedders.find((one) => one.slot === slot);
    // A worker that hears nothing any more is seen to be so at the next look.
    if (shedder !== undefined) channel.shed(shedder.handle, count);
  }

  #interrupted(program: string, run: Run, shedders: readonly Shedder[]): Ending | undefined {
    const { closing, programs } = this.#supervisor;
    if (run.superseded) return 'superseded';
    if (programs.get(program)?.fleet.roll !== undefined) return 'rolled';
    return closing || shedders.length < 2 ? 'stopped' : undefined;
  }

  #perSecond(program: string): number {
    return this.#supervisor.programs.get(program)?.config.balance.shed.perSecond ?? 0;
  }

  #watch(name: string): void {
    const program = this.#supervisor.programs.get(name);
    const before = this.#watched.get(name);
    if (program?.config.balance.shed.automatic !== true || program.fleet.roll !== undefined || this.#runs.has(name)) {
      if (before !== undefined) this.#watched.delete(name);
      return;
    }
    const now = this.#supervisor.ports.clock.now();
    if (before !== undefined && now - before.at < crowdLookMs) return;
    const shedders = sheddersOf(this.#supervisor, name);
    const crowded = stepCrowded(before?.crowded ?? new Map(), shedders, program.config.balance.shed.above, now);
    this.#watched.set(name, { at: now, crowded });
    if (shedders.length > 1 && isCrowded(crowded, now)) void this.#runByItself(name);
  }

  async #runByItself(name: string): Promise<void> {
    const { is } = await this.run(name, automaticMs, () => undefined, true);
    const { clock } = this.#supervisor.ports;
    if (is !== 'even') this.#watched.set(name, { at: clock.now() + quietMs, crowded: new Map() });
  }
}

/** A worker that was replaced counts from 0 again. */
function leftSince(before: readonly Shedder[], now: readonly Shedder[]): number {
  return now.reduce((sum, { handle, shed }) => {
    const was = before.find((one) => one.handle === handle)?.shed ?? 0;
    return sum + shed - was;
  }, 0);
}

function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  return promise;
}
