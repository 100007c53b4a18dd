import { delay } from './backoff.ts';

/**
 * What waits to be delivered by one hook. Decides what is sent next and when, when an event is given up, and what is dropped; knows
 * neither what an event is nor how it is delivered.
 *
 *   IDLE ──enqueued──▶ SENDING ──delivered, refused──▶ IDLE, or SENDING the next one
 *                       ▲    │
 *                       │    └──failed──▶ PAUSED ──due, delivered (of a test)──▶ SENDING the same again
 *                       └── a test goes first, also out of PAUSED, and is tried once
 *
 * One at a time, in order. Each event ends delivered, given up or dropped, and is counted as that.
 */
export interface HookQueue<E> {
  readonly sending: Delivery<E> | undefined;
  /** Oldest first; at most `policy.queue`. The first one may have been tried already. */
  readonly waiting: readonly Delivery<E>[];
  /** Asked for by an operator: goes before all others. */
  readonly test: Delivery<E> | undefined;
  /** Attempts that failed since the last one that did not: the trouble it is in. */
  readonly failures: number;
  /** Nothing more is sent: what waits will be handed over. */
  readonly held: boolean;
  /** Until then only a test is sent (monotonic ms). */
  readonly pausedUntil: number;
  readonly delivered: number;
  readonly givenUp: number;
  readonly dropped: number;
}

export interface Delivery<E> {
  readonly id: string;
  readonly event: E;
  /** 1 for the first. */
  readonly attempt: number;
  readonly isTest: boolean;
}

export type HookQueueEvent<E> =
  | { readonly is: 'enqueued' | 'testAsked'; readonly id: string; readonly event: E }
  /** How the one that is being sent ended. `refused`: it would be the next time, too. */
  | { readonly is: 'delivered' }
  | { readonly is: 'failed'; readonly why: string; readonly refused: boolean }
  /** What a former image of the daemon left: it comes before all others. */
  | { readonly is: 'resumed'; readonly waiting: readonly Delivery<E>[] }
  | { readonly is: 'held' }
  /** Its config has changed, or the daemon ends: another attempt now. */
  | { readonly is: 'hurried' }
  | { readonly is: 'tick' }
  /** Nothing will be sent any more, and why. */
  | { readonly is: 'closed'; readonly why: string };

export type HookQueueEffect<E> =
  | { readonly do: 'send'; readonly delivery: Delivery<E> }
  /** The end of one: what an operator may want to know. Whoever gets them decides how often that is told. */
  | {
      readonly do: 'note';
      readonly what: 'delivered' | 'failed' | 'givenUp' | 'dropped' | 'left';
      readonly delivery: Delivery<E>;
      readonly why: string;
    };

export interface HookPolicy {
  readonly queue: number;
  readonly retries: number;
  readonly backoff: { readonly initial: number; readonly max: number };
}

type Next<E> = readonly [queue: HookQueue<E>, ...effects: HookQueueEffect<E>[]];

export function newHookQueue<E>(): HookQueue<E> {
  const counts = { delivered: 0, givenUp: 0, dropped: 0 };
  return {
    sending: undefined,
    waiting: [],
    test: undefined,
    failures: 0,
    held: false,
    pausedUntil: -Infinity,
    ...counts,
  };
}

/** `now`: monotonic ms. */
export function stepHookQueue<E>(
  queue: HookQueue<E>,
  event: HookQueueEvent<E>,
  now: number,
  policy: HookPolicy,
): Next<E> {
  const [changed, ...effects] = change(queue, event, now, policy);
  if (event.is === 'closed') return [changed, ...effects];
  const [begun, ...sent] = sendNext(changed, now);
  const [next, ...dropped] = withinLimit(begun, policy);
  return [next, ...effects, ...dropped, ...sent];
}

/** When it wants a tick; Infinity when it does not. */
export function hookDeadline<E>({ sending, waiting, held, pausedUntil }: HookQueue<E>): number {
  return sending === undefined && !held && waiting.length > 0 ? pausedUntil : Number.POSITIVE_INFINITY;
}

function change<E>(queue: HookQueue<E>, event: HookQueueEvent<E>, now: number, policy: HookPolicy): Next<E> {
  switch (event.is) {
    case 'enqueued':
      return [{ ...queue, waiting: [...queue.waiting, first(event.id, event.event, false)] }];
    case 'testAsked':
      return [{ ...queue, test: first(event.id, event.event, true) }];
    case 'delivered':
      return ended(queue, 'delivered', '', { delivered: queue.delivered + 1, failures: 0, pausedUntil: now });
    case 'failed':
      return failed(queue, event, now, policy);
    case 'resumed':
      return [{ ...queue, waiting: [...event.waiting, ...queue.waiting] }];
    case 'held':
      return [{ ...queue, held: true }];
    case 'hurried':
      return [{ ...queue, pausedUntil: now }];
    case 'tick':
      return [queue];
    case 'closed': {
      const left = [queue.sending, queue.test, ...queue.waiting].filter((one) => one !== undefined);
      const dropped = queue.dropped + left.filter(({ isTest }) => !isTest).length;
      return [
        { ...queue, sending: undefined, test: undefined, waiting: [], dropped },
        ...left.map((delivery) => note('left', delivery, event.why)),
      ];
    }
  }
}

function failed<E>(
  queue: HookQueue<E>,
  { why, refused }: HookQueueEvent<E> & { is: 'failed' },
  now: number,
  policy: HookPolicy,
): Next<E> {
  const { sending } = queue;
  if (sending === undefined) return [queue];
  const noted = note('failed', sending, why);
  // A test says how it went to whoever asked; what waits is in no more trouble than before.
  if (sending.isTest) return [{ ...queue, sending: undefined }, noted];
  const failures = queue.failures + 1;
  // One that is refused says nothing about the next one.
  const pausedUntil = refused ? now : now + delay(failures, { ...shape, ...policy.backoff }, seedOf(sending));
  if (refused || sending.attempt > policy.retries) {
    const [next, ...effects] = ended(queue, 'givenUp', why, { givenUp: queue.givenUp + 1, failures, pausedUntil });
    return [next, noted, ...effects];
  }
  const again = { ...sending, attempt: sending.attempt + 1 };
  return [{ ...queue, sending: undefined, waiting: [again, ...queue.waiting], failures, pausedUntil }, noted];
}

/** Each pause twice the one before, and a fifth shorter or longer: several daemons do not come back together. */
const shape = { factor: 2, jitter: 0.2, resetAfter: 0 };

/** Of the one that is being sent. A test is in no count. */
function ended<E>(
  queue: HookQueue<E>,
  what: 'delivered' | 'givenUp',
  why: string,
  counted: Partial<HookQueue<E>>,
): Next<E> {
  const { sending } = queue;
  if (sending === undefined) return [queue];
  const counts = sending.isTest ? { failures: 0, pausedUntil: -Infinity } : counted;
  return [{ ...queue, sending: undefined, ...counts }, note(what, sending, why)];
}

/** The oldest go first: what happened last says more about how things are. */
function withinLimit<E>(queue: HookQueue<E>, { queue: limit }: HookPolicy): Next<E> {
  const over = queue.waiting.length - limit;
  if (over <= 0) return [queue];
  const lost = queue.waiting.slice(0, over);
  return [
    { ...queue, waiting: queue.waiting.slice(over), dropped: queue.dropped + over },
    ...lost.map((delivery) => note<E>('dropped', delivery, 'more events wait than its queue takes')),
  ];
}

function sendNext<E>(queue: HookQueue<E>, now: number): Next<E> {
  if (queue.sending !== undefined || queue.held) return [queue];
  if (queue.test !== undefined)
    return [
      { ...queue, test: undefined, sending: queue.test },
      { do: 'send', delivery: queue.test },
    ];
  const [head, ...waiting] = queue.waiting;
  if (head === undefined || now < queue.pausedUntil) return [queue];
  return [
    { ...queue, waiting, sending: head },
    { do: 'send', delivery: head },
  ];
}

function first<E>(id: string, event: E, isTest: boolean): Delivery<E> {
  return { id, event, attempt: 1, isTest };
}

function note<E>(
  what: 'delivered' | 'failed' | 'givenUp' | 'dropped' | 'left',
  delivery: Delivery<E>,
  why: string,
): HookQueueEffect<E> {
  return { do: 'note', what, delivery, why };
}

/** Another one for each attempt, the same when it is played again: core has no dice. */
function seedOf<E>({ id, attempt }: Delivery<E>): number {
  let seed = attempt;
  for (let at = 0; at < id.length; at += 1) seed = (Math.imul(seed, 31) + id.charCodeAt(at)) | 0;
  return seed;
}
