import type { ProgramConfig } from '../config/schema.ts';
import type { Context } from './context.ts';
import { beginTermination } from './departure.ts';
import { announce, gone, type SlotEffect } from './effects.ts';
import type { SlotEvent } from './events.ts';
import { type GiveUp, isGivenUp, stepHung, terminating } from './hung.ts';
import { leave } from './leaving.ts';
import { fail, type Replacement, type Seat, type Slot, type SlotStep, stopping } from './seat.ts';
import { beginStarting, stepStarting } from './starting.ts';
import { describeExit, type Exit, type Worker } from './worker.ts';

type Running = Seat & { is: 'RUNNING' };

/** A seat whose worker serves, and the replacement that a roll starts beside it. */
export function stepRunning(slot: Slot, seat: Running, event: SlotEvent, ctx: Context): SlotStep {
  const { worker, replacement } = seat;
  const hung = stepHung(slot, seat, event, ctx);
  if (hung !== undefined) return isGivenUp(hung) ? giveUp(hung, seat, ctx) : hung;
  switch (event.is) {
    case 'stop':
      return chain(discard(slot, seat, ctx), (bare) => stopping(bare, worker, 'STOPPED', ctx));
    case 'restart':
      return chain(discard(slot, seat, ctx), (bare) => stopping(bare, worker, 'STARTING', ctx));
    case 'replace':
      if (!event.surge) return stopping(slot, worker, 'STARTING', ctx);
      return replacement === undefined ? prepare(slot, seat, ctx) : [slot];
    case 'abandon':
      return discard(slot, seat, ctx);
    case 'tick':
      return replacement === undefined ? [slot] : stepReplacement(slot, seat, replacement, event, ctx);
    default:
      break;
  }
  if ('worker' in event && event.worker === worker.id) return stepServing(slot, seat, event, ctx);
  return replacement === undefined ? [slot] : stepReplacement(slot, seat, replacement, event, ctx);
}

function stepServing(slot: Slot, seat: Running, event: SlotEvent, ctx: Context): SlotStep {
  const { worker, replacement } = seat;
  if (event.is === 'attached') return [{ ...slot, seat: { ...seat, worker: { ...worker, attached: true } } }];
  if (event.is === 'listening') return [slot, { do: 'restoreBacklog', slot: slot.index }];
  if (event.is === 'strayed') return chain(discard(slot, seat, ctx), (bare) => stopping(bare, worker, 'STARTING', ctx));
  if (event.is !== 'exited') return [slot];
  const how = describeExit(event.exit);
  const expected = isExpected(event.exit, ctx.config);
  const parting = gone(slot.index, worker.id, how, expected);
  if (replacement !== undefined) return prefix(parting, succeed(slot, replacement, ctx));
  const { autorestart } = ctx.config;
  if (autorestart === false || (autorestart === 'unexpected' && expected)) {
    return [{ ...slot, seat: { is: 'EXITED', exit: event.exit, at: ctx.now, nextFlush: ctx.now } }, ...parting];
  }
  return prefix(parting, fail(slot, worker, how, ctx, { livedMs: ctx.now - seat.readyAt }));
}

/** With a replacement on its way the seat passes on, as if the worker had exited. */
function giveUp(given: GiveUp, { worker, replacement }: Running, ctx: Context): SlotStep {
  if (replacement === undefined) return terminating(given, ctx);
  const [departure, ...effects] = beginTermination(worker, ctx);
  const leaving = [...given.slot.leaving, { worker, departure }];
  return prefix([...given.effects, ...effects], succeed({ ...given.slot, leaving }, replacement, ctx));
}

function stepReplacement(
  slot: Slot,
  seat: Running,
  replacement: Replacement,
  event: SlotEvent,
  ctx: Context,
): SlotStep {
  const newcomer = workerOf(replacement);
  if ('worker' in event && event.worker !== newcomer.id) return [slot];
  if (event.is === 'spawnFailed') return lost(slot, seat, newcomer, event.why);
  if (event.is === 'exited') {
    const early = replacement.is === 'starting' ? 'before it was ready' : 'right after it was ready';
    const why = `${describeExit(event.exit)} ${early}`;
    return prefix([{ do: 'sweep', worker: newcomer.id }], lost(slot, seat, newcomer, why));
  }
  if (replacement.is === 'soaking') return stepSoaking(slot, seat, replacement, event, ctx);
  const step = stepStarting(replacement.starting, slot.index, event, ctx);
  switch (step.is) {
    case 'starting':
      return [
        { ...slot, seat: { ...seat, replacement: { is: 'starting', starting: step.starting } } },
        ...step.effects,
      ];
    case 'failed':
      return chain(discard(slot, seat, ctx), (bare) => [bare, failedFact(bare, newcomer, step.why)]);
    case 'ready': {
      const { id, generation, startedAt } = step.worker;
      const fact = {
        event: 'ready',
        slot: slot.index,
        worker: id,
        generation,
        tookMs: Math.round(ctx.now - startedAt),
      } as const;
      const soaking: Replacement = { is: 'soaking', worker: step.worker, until: ctx.now + ctx.config.roll.minReady };
      return [{ ...slot, seat: { ...seat, replacement: soaking } }, ...step.effects, announce(fact)];
    }
  }
}

type Soaking = Replacement & { is: 'soaking' };

/** A worker that boots slowly is proved by a probe before it dials: forgetting that it did would cost it its drain. */
function stepSoaking(slot: Slot, seat: Running, soaking: Soaking, event: SlotEvent, ctx: Context): SlotStep {
  if (event.is === 'tick' && ctx.now >= soaking.until) return promote(slot, seat, soaking.worker, ctx);
  if (event.is === 'listening') return [slot, { do: 'restoreBacklog', slot: slot.index }];
  if (event.is !== 'attached') return [slot];
  const replacement = { ...soaking, worker: { ...soaking.worker, attached: true } };
  return [{ ...slot, seat: { ...seat, replacement } }];
}

function prepare(slot: Slot, seat: Running, ctx: Context): SlotStep {
  const [starting, spawn] = beginStarting(slot.index, slot.generation, ctx);
  return [{ ...slot, seat: { ...seat, replacement: { is: 'starting', starting } }, spawns: slot.spawns + 1 }, spawn];
}

/** The old worker leaves, on the same socket that the new one accepts from already. */
function promote(slot: Slot, seat: Running, newcomer: Worker, ctx: Context): SlotStep {
  const served: Slot = {
    ...slot,
    failures: 0,
    seat: { is: 'RUNNING', worker: newcomer, readyAt: ctx.now, provenAt: ctx.now },
  };
  const tookMs = Math.round(ctx.now - newcomer.startedAt);
  const fact = {
    event: 'replaced',
    slot: slot.index,
    worker: newcomer.id,
    generation: newcomer.generation,
    tookMs,
  } as const;
  return prefix([announce(fact)], leave(served, seat.worker, ctx));
}

/** The old worker died while its replacement was on the way: the seat passes on as it is. */
function succeed(slot: Slot, replacement: Replacement, ctx: Context): SlotStep {
  if (replacement.is === 'starting') return [{ ...slot, seat: { is: 'STARTING', starting: replacement.starting } }];
  const { worker, until: provenAt } = replacement;
  return [{ ...slot, seat: { is: 'RUNNING', worker, readyAt: ctx.now, provenAt } }];
}

/** Sends the replacement away, if there is one; the seat serves on. */
function discard(slot: Slot, seat: Running, ctx: Context): SlotStep {
  const { replacement, ...bare } = seat;
  if (replacement === undefined) return [slot];
  const worker = workerOf(replacement);
  const kept = { ...slot, seat: bare };
  if (replacement.is === 'soaking') return leave(kept, worker, ctx);
  const [departure, ...effects] = beginTermination(worker, ctx);
  return [{ ...kept, leaving: [...kept.leaving, { worker, departure }] }, ...effects];
}

function lost(slot: Slot, seat: Running, newcomer: Worker, why: string): SlotStep {
  const { replacement: _, ...bare } = seat;
  return [{ ...slot, seat: bare }, failedFact(slot, newcomer, why)];
}

function failedFact(slot: Slot, newcomer: Worker, why: string): SlotEffect {
  const { id: worker, generation } = newcomer;
  return announce({ event: 'replacementFailed', slot: slot.index, worker, generation, why });
}

function isExpected(exit: Exit, config: ProgramConfig): boolean {
  return exit.code !== undefined && config.exitCodes.includes(exit.code);
}

function workerOf(replacement: Replacement): Worker {
  return replacement.is === 'starting' ? replacement.starting.worker : replacement.worker;
}

function chain(first: SlotStep, then: (slot: Slot) => SlotStep): SlotStep {
  const [slot, ...effects] = first;
  return prefix(effects, then(slot));
}

function prefix(effects: readonly SlotEffect[], step: SlotStep): SlotStep {
  const [slot, ...more] = step;
  return [slot, ...effects, ...more];
}
