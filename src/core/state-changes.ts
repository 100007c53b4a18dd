import type { Fact } from './events.ts';
import type { Seat, SeatName, Slot } from './seat.ts';

/**
 * What one decision did to a slot, in supervisord's transitions: what of a slot its users follow. Where portherd goes in one step, the
 * states in between are told too, so that a crash is an EXITED (with its pid), FATAL comes from BACKOFF and a restart passes through STOPPED,
 * as there. What a roll starts and ends beside a seat is not told; that the seat has another process by then is a RUNNING from RUNNING.
 */
export type StateChange =
  | { readonly to: 'STARTING' | 'BACKOFF'; readonly from: SeatName; readonly tries: number }
  | { readonly to: 'RUNNING' | 'STOPPING' | 'STOPPED'; readonly from: SeatName; readonly pid: number }
  | { readonly to: 'EXITED'; readonly from: SeatName; readonly expected: boolean; readonly pid: number }
  | { readonly to: 'FATAL'; readonly from: SeatName };

/** `undefined`: there is no such slot (yet, any more). `facts`: what the decision announced of this slot. */
export function stateChanges(
  before: Slot | undefined,
  after: Slot | undefined,
  facts: readonly Fact[],
): readonly StateChange[] {
  const from = before?.seat ?? nobody;
  const to = after?.seat ?? nobody;
  const sameWorker = idOf(from) === idOf(to);
  if (from.is === to.is && sameWorker) return [];

  const changes: StateChange[] = [];
  const state = (): SeatName => changes.at(-1)?.to ?? from.is;
  const ended = facts.find((fact) => fact.event === 'exited' && fact.worker === idOf(from));
  // It served, and nobody had asked it to go.
  if (from.is === 'RUNNING' && ended?.event === 'exited')
    changes.push({ to: 'EXITED', from: 'RUNNING', expected: ended.expected, pid: pidOf(from) });
  if (from.is === 'STOPPING' && to.is !== 'STOPPING' && from.after !== 'BACKOFF')
    changes.push({ to: 'STOPPED', from: 'STOPPING', pid: pidOf(from) });

  switch (to.is) {
    case 'STOPPED':
      if (state() !== 'STOPPED') changes.push({ to: 'STOPPED', from: state(), pid: pidOf(from) });
      break;
    case 'EXITED':
      break;
    case 'STARTING':
      changes.push({ to: 'STARTING', from: state(), tries: after?.failures ?? 0 });
      break;
    case 'RUNNING':
      // The old worker died while the next one was there already.
      if (state() === 'EXITED') changes.push({ to: 'STARTING', from: 'EXITED', tries: after?.failures ?? 0 });
      changes.push({ to: 'RUNNING', from: state(), pid: pidOf(to) });
      break;
    case 'STOPPING':
      changes.push({ to: 'STOPPING', from: state(), pid: pidOf(to) });
      break;
    case 'BACKOFF':
      changes.push({ to: 'BACKOFF', from: state(), tries: after?.failures ?? 0 });
      break;
    case 'FATAL':
      changes.push({ to: 'BACKOFF', from: state(), tries: (before?.failures ?? 0) + 1 });
      changes.push({ to: 'FATAL', from: 'BACKOFF' });
      break;
  }
  return changes;
}

const nobody: Seat = { is: 'STOPPED', since: undefined, nextFlush: 0 };

function idOf(seat: Seat): number | undefined {
  return workerOf(seat)?.id;
}

/** 0 where there is none, as in supervisord. */
function pidOf(seat: Seat): number {
  return workerOf(seat)?.pid ?? 0;
}

function workerOf(seat: Seat) {
  if (seat.is === 'STARTING') return seat.starting.worker;
  return 'worker' in seat ? seat.worker : undefined;
}
