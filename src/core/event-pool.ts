import type { HappeningName } from '../shared/event-names.ts';
import { eventBufferCharsMax, eventRetryMs } from '../shared/limits.ts';
import { type Conversation, type Heard, hearListener, newConversation } from './event-listener.ts';

/** Something that listeners are told of. */
export interface Happening {
  readonly name: HappeningName;
  readonly payload: string;
  /** Unique for the daemon's life, over all pools. */
  readonly serial: number;
}

/** In a pool, under the pool's own number, which it keeps when it is given out again. */
export interface PoolEvent extends Happening {
  readonly poolSerial: number;
}

/** A program's listeners (its workers, by their handles), and the events that wait for one of them. Pure; the order is supervisord's. */
export interface EventPool {
  /** The oldest first. */
  readonly waiting: readonly PoolEvent[];
  /** Of their payloads. */
  readonly chars: number;
  readonly nextSerial: number;
  readonly conversations: ReadonlyMap<number, Conversation<PoolEvent>>;
  /** Thrown away because nobody took it in time, since the pool exists. */
  readonly discarded: number;
  /** In a row. */
  readonly rejections: number;
  /** Monotonic ms: nothing is given out earlier. */
  readonly notBefore: number;
}

export function newPool(): EventPool {
  const counts = { chars: 0, nextSerial: 0, discarded: 0, rejections: 0, notBefore: 0 };
  return { waiting: [], conversations: new Map(), ...counts };
}

/** `room`: how many may wait; the oldest make way. */
export function accept(pool: EventPool, happening: Happening, room: number): EventPool {
  const event = { ...happening, poolSerial: pool.nextSerial };
  const { rest, ...counts } = makeWay(pool, event, room);
  return { ...pool, ...counts, nextSerial: pool.nextSerial + 1, waiting: [...rest, event] };
}

export function join(pool: EventPool, worker: number): EventPool {
  return { ...pool, conversations: new Map([...pool.conversations, [worker, newConversation<PoolEvent>()]]) };
}

/** It is gone; what it had not answered is the next one's. */
export function leave(pool: EventPool, worker: number, room: number): EventPool {
  const conversation = pool.conversations.get(worker);
  const conversations = new Map([...pool.conversations].filter(([known]) => known !== worker));
  const rest = { ...pool, conversations };
  return conversation?.is === 'BUSY' ? giveBack(rest, conversation.event, room) : rest;
}

/** It cannot be told anything: what it was just given is the next one's. */
export function deafen(pool: EventPool, worker: number, why: string, room: number): EventPool {
  return converse(leave(pool, worker, room), worker, { is: 'UNKNOWN', why });
}

/** It said something. */
export function hear(
  pool: EventPool,
  worker: number,
  bytes: string,
  { room, now }: { readonly room: number; readonly now: number },
): readonly [EventPool, ...Heard<PoolEvent>[]] {
  const before = pool.conversations.get(worker);
  if (before === undefined) return [pool];
  const [conversation, ...heard] = hearListener(before, bytes);
  let next = converse(pool, worker, conversation);
  for (const one of heard) {
    if (one.is === 'processed') next = { ...next, rejections: 0 };
    else if (one.event !== undefined) next = giveBack(next, one.event, room);
    if (one.is === 'rejected') next = { ...next, rejections: next.rejections + 1, notBefore: now + pause(next) };
  }
  return [next, ...heard];
}

/** The oldest event and who gets it: the first of these workers that is ready. */
export function nextDelivery(
  pool: EventPool,
  workers: readonly number[],
  now: number,
): { readonly worker: number; readonly event: PoolEvent } | undefined {
  const [event] = pool.waiting;
  if (event === undefined || now < pool.notBefore) return undefined;
  const worker = workers.find((one) => pool.conversations.get(one)?.is === 'READY');
  return worker === undefined ? undefined : { worker, event };
}

/** Nothing is left that one of these workers would still take. */
export function hasHeardAll({ waiting, conversations }: EventPool, workers: readonly number[]): boolean {
  const states = workers.map((worker) => conversations.get(worker)?.is).filter((is) => is !== 'UNKNOWN');
  return states.length === 0 || (waiting.length === 0 && !states.includes('BUSY'));
}

/** It got the oldest event. */
export function deliver(pool: EventPool, worker: number, now: number): EventPool {
  const [event, ...waiting] = pool.waiting;
  if (event === undefined) return pool;
  const rest = { ...pool, waiting, chars: pool.chars - event.payload.length };
  return converse(rest, worker, { is: 'BUSY', event, since: now, pending: '' });
}

function converse(pool: EventPool, worker: number, conversation: Conversation<PoolEvent>): EventPool {
  return { ...pool, conversations: new Map([...pool.conversations, [worker, conversation]]) };
}

/** To the front; what makes way for it is the oldest of the others, as in supervisord. */
function giveBack(pool: EventPool, event: PoolEvent, room: number): EventPool {
  const { rest, ...counts } = makeWay(pool, event, room);
  return { ...pool, ...counts, waiting: [event, ...rest] };
}

function makeWay({ waiting, chars, discarded }: EventPool, { payload }: PoolEvent, room: number) {
  let [gone, size] = [0, chars + payload.length];
  while (gone < waiting.length && (waiting.length - gone >= room || size > eventBufferCharsMax)) {
    size -= waiting[gone]?.payload.length ?? 0;
    gone += 1;
  }
  return { rest: gone === 0 ? waiting : waiting.slice(gone), chars: size, discarded: discarded + gone };
}

function pause({ rejections }: EventPool): number {
  return Math.min(eventRetryMs.max, eventRetryMs.first * 2 ** Math.min(rejections, 32));
}
