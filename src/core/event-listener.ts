import { eventLineBytesMax, eventResultBytesMax } from '../shared/limits.ts';
import type { ListenerState } from '../shared/states.ts';

/**
 * One event listener's end of supervisord's protocol, as the supervisor sees it (its dispatchers.py decides where its documentation does
 * not):
 *
 *   ACKNOWLEDGED ──READY\n──▶ READY ──(event sent)──▶ BUSY ──RESULT n\n + n bytes──▶ ACKNOWLEDGED
 *         └─────anything else─────┴──anything at all──┴──no such line──▶ UNKNOWN, which hears nothing more
 *
 * Bytes are the characters U+0000 to U+00FF of a text. Nothing of a result is kept but whether it is OK, so it may come slowly.
 */
export type Conversation<Event> =
  | { readonly is: 'ACKNOWLEDGED'; readonly pending: string }
  | { readonly is: 'READY' }
  | {
      readonly is: 'BUSY';
      readonly event: Event;
      /** Monotonic ms. */
      readonly since: number;
      /** The line so far. */
      readonly pending: string;
      readonly result?: { readonly length: number; readonly begin: string; readonly got: number };
    }
  | { readonly is: 'UNKNOWN'; readonly why: string };

/** Its name is the one that operators are shown. */
export type ConversationState = Conversation<unknown>['is'] & ListenerState;

export type Heard<Event> =
  | { readonly is: 'processed'; readonly event: Event }
  /** It said something else than OK. */
  | { readonly is: 'rejected'; readonly event: Event; readonly said: string }
  /** It broke the protocol; the event that it had is somebody else's. */
  | { readonly is: 'violated'; readonly event: Event | undefined; readonly why: string };

export function newConversation<Event>(): Conversation<Event> {
  return { is: 'ACKNOWLEDGED', pending: '' };
}

/** What `bytes` of its standard output change. */
export function hearListener<Event>(
  before: Conversation<Event>,
  bytes: string,
): readonly [Conversation<Event>, ...Heard<Event>[]] {
  let conversation = before;
  let rest = bytes;
  const heard: Heard<Event>[] = [];
  // Each round takes something of `rest`, or is the last.
  while (rest !== '') {
    const [next, more, outcome] = step(conversation, rest);
    if (outcome !== undefined) heard.push(outcome);
    conversation = next;
    rest = more;
  }
  return [conversation, ...heard];
}

type Step<Event> = readonly [next: Conversation<Event>, rest: string, heard?: Heard<Event>];

function step<Event>(conversation: Conversation<Event>, bytes: string): Step<Event> {
  switch (conversation.is) {
    case 'ACKNOWLEDGED': {
      const text = conversation.pending + bytes;
      if (text.length < ready.length) return [{ ...conversation, pending: text }, ''];
      if (text.startsWith(ready)) return [{ is: 'READY' }, text.slice(ready.length)];
      return violated<Event>(undefined, `it said ${show(text)} where READY was due`);
    }
    case 'READY':
      return violated<Event>(undefined, `it said ${show(bytes)} without having been sent an event`);
    case 'BUSY':
      return conversation.result === undefined
        ? stepLine(conversation, bytes)
        : stepResult(conversation, conversation.result, bytes);
    case 'UNKNOWN':
      return [conversation, ''];
  }
}

type Busy<Event> = Conversation<Event> & { is: 'BUSY' };

function stepLine<Event>(busy: Busy<Event>, bytes: string): Step<Event> {
  const end = bytes.indexOf('\n');
  const line = busy.pending + (end === -1 ? bytes : bytes.slice(0, end));
  if (line.length > eventLineBytesMax) return violated(busy.event, `it said ${show(line)} where RESULT was due`);
  if (end === -1) return [{ ...busy, pending: line }, ''];
  const [, digits] = /^RESULT +(\d+)\s*$/.exec(line) ?? [];
  if (digits === undefined) return violated(busy.event, `it said ${show(line)} where RESULT was due`);
  const length = Number(digits);
  if (length > eventResultBytesMax) return violated(busy.event, `its result has ${digits} bytes`);
  return stepResult({ ...busy, pending: '' }, { length, begin: '', got: 0 }, bytes.slice(end + 1));
}

function stepResult<Event>(busy: Busy<Event>, result: NonNullable<Busy<Event>['result']>, bytes: string): Step<Event> {
  const taken = bytes.slice(0, result.length - result.got);
  const begin = (result.begin + taken).slice(0, shownCharsMax);
  const got = result.got + taken.length;
  if (got < result.length) return [{ ...busy, result: { ...result, begin, got } }, ''];
  const { event } = busy;
  const isOk = begin === 'OK' && got === begin.length;
  return [
    newConversation(),
    bytes.slice(taken.length),
    isOk ? { is: 'processed', event } : { is: 'rejected', event, said: show(begin) },
  ];
}

function violated<Event>(event: Event | undefined, why: string): Step<Event> {
  return [{ is: 'UNKNOWN', why }, '', { is: 'violated', event, why }];
}

/** On one line of a log. */
function show(text: string): string {
  const begin = text.length > shownCharsMax ? `${text.slice(0, shownCharsMax)}…` : text;
  return JSON.stringify(begin);
}

const ready = 'READY\n';

const shownCharsMax = 40;
