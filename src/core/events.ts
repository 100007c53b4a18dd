import type { Verdict } from './group-order.ts';
import type { Reading } from './reading.ts';
import { describeExit, type Exit } from './worker.ts';

/** What happened in the world to one worker. Past tense: core decides what follows. */
export type WorkerEvent =
  | { readonly is: 'spawned'; readonly worker: number; readonly pid: number }
  | { readonly is: 'spawnFailed'; readonly worker: number; readonly why: string }
  | { readonly is: 'attached'; readonly worker: number }
  | { readonly is: 'listening'; readonly worker: number; readonly port: number; readonly adopted: boolean }
  | { readonly is: 'saidReady'; readonly worker: number }
  | { readonly is: 'probed'; readonly worker: number; readonly passed: boolean; readonly why: string }
  | { readonly is: 'strayed'; readonly worker: number; readonly why: string }
  | { readonly is: 'drained'; readonly worker: number }
  /** What a hung worker was doing. */
  | { readonly is: 'diagnosed'; readonly worker: number; readonly diagnosis: string }
  | { readonly is: 'exited'; readonly worker: number; readonly exit: Exit };

/** What happened to a slot, or what an operator asked of it. */
export type SlotEvent =
  | WorkerEvent
  | { readonly is: 'looked'; readonly queue: number; readonly halfOpen: readonly string[] }
  | { readonly is: 'listenFailed'; readonly why: string }
  /** The worker that serves here has shown no sign of life for hungAfter. */
  | { readonly is: 'hung'; readonly forMs: number }
  | { readonly is: 'start' | 'stop' | 'restart' }
  /** A process that belongs here and has no place: it leaves. Its id is new. */
  | {
      readonly is: 'found';
      readonly worker: number;
      readonly generation: number;
      readonly pid: number;
      readonly attached: boolean;
    }
  /** Roll: the next worker is of `generation`; `surge` starts it before the old one leaves. */
  | { readonly is: 'replace'; readonly generation: number; readonly surge: boolean }
  /** Roll failed: back to `generation`, whatever has been started of another one. */
  | { readonly is: 'abandon'; readonly generation: number }
  | { readonly is: 'tick' };

export type FleetEvent =
  | WorkerEvent
  | { readonly is: 'looked'; readonly slot: number; readonly queue: number; readonly halfOpen: readonly string[] }
  | { readonly is: 'listenFailed'; readonly slots: readonly number[]; readonly why: string }
  | (SlotEvent & { readonly is: 'found' } & { readonly slot: number })
  | { readonly is: 'start' | 'stop' | 'restart'; readonly slots: readonly number[] }
  | { readonly is: 'roll'; readonly generation: number }
  | { readonly is: 'scale'; readonly to: number }
  /** A beat told of other connection counts than the one before: worth a look before the next one is due. */
  | { readonly is: 'counted' }
  | { readonly is: 'measured'; readonly readings: readonly Reading[] }
  | { readonly is: 'verified'; readonly verdict: Verdict }
  | { readonly is: 'tick' };

/** What an operator may want to know; logged, streamed, and awaited by commands. */
export type Fact =
  | {
      readonly event: 'spawned';
      readonly slot: number;
      readonly worker: number;
      readonly pid: number;
      readonly generation: number;
    }
  | {
      readonly event: 'ready';
      readonly slot: number;
      readonly worker: number;
      readonly generation: number;
      readonly tookMs: number;
    }
  | {
      readonly event: 'exited';
      readonly slot: number;
      readonly worker: number;
      readonly how: string;
      readonly expected: boolean;
    }
  /** A worker did not start, or ended unasked. */
  | {
      readonly event: 'failed';
      readonly slot: number;
      readonly worker: number;
      readonly generation: number;
      readonly why: string;
    }
  | {
      readonly event: 'backoff';
      readonly slot: number;
      readonly delayMs: number;
      readonly failures: number;
      readonly why: string;
    }
  | { readonly event: 'fatal'; readonly slot: number; readonly why: string }
  | { readonly event: 'stopped'; readonly slot: number }
  | { readonly event: 'draining'; readonly slot: number; readonly worker: number }
  | { readonly event: 'overdue'; readonly slot: number; readonly worker: number; readonly step: string }
  /** Its worker takes nothing from its queue, or does not beat: new connections go elsewhere. */
  | { readonly event: 'stalled'; readonly slot: number; readonly worker: number; readonly queue: number }
  | { readonly event: 'recovered'; readonly slot: number; readonly worker: number; readonly stalledMs: number }
  | { readonly event: 'hung'; readonly slot: number; readonly worker: number; readonly why: string }
  | {
      readonly event: 'replaced';
      readonly slot: number;
      readonly worker: number;
      readonly generation: number;
      readonly tookMs: number;
    }
  | {
      readonly event: 'replacementFailed';
      readonly slot: number;
      readonly worker: number;
      readonly generation: number;
      readonly why: string;
    }
  /** The kernel's group is not in the order that we think, or is again. */
  | { readonly event: 'orderWrong'; readonly why: string }
  | { readonly event: 'orderRight' }
  | { readonly event: 'scaled'; readonly from: number; readonly to: number }
  | { readonly event: 'rollStarted'; readonly generation: number; readonly slots: number }
  | {
      readonly event: 'rollFailed';
      readonly generation: number;
      readonly slot: number;
      readonly worker: number | undefined;
      readonly why: string;
    }
  | { readonly event: 'rolledBack'; readonly generation: number; readonly slots: number }
  | { readonly event: 'rollFinished'; readonly generation: number; readonly tookMs: number };

/** The process is gone, or never came to be. */
export function isEnd(event: SlotEvent): event is WorkerEvent & { is: 'exited' | 'spawnFailed' } {
  return event.is === 'exited' || event.is === 'spawnFailed';
}

export function describeEnd(event: WorkerEvent & { is: 'exited' | 'spawnFailed' }): string {
  return event.is === 'exited' ? describeExit(event.exit) : event.why;
}
