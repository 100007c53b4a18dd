import { didYouMean } from '../shared/did-you-mean.ts';
import { type EventName, eventNames, isEventName } from '../shared/event-names.ts';
import { ok } from '../shared/result.ts';
import { type Kind, listOf, wholeNumber, wrong } from './kinds.ts';
import { defaultedSection, option } from './option.ts';

/** What makes a program an event listener, supervisord's [eventlistener:x]. */

function eventName(): Kind<EventName> {
  const expects = 'one of supervisord’s event names, such as PROCESS_STATE_EXITED or TICK_60';
  return {
    expects,
    json: { enum: eventNames },
    read: (value) => {
      if (typeof value === 'string' && isEventName(value)) return ok(value);
      const meant = typeof value === 'string' ? didYouMean(value, eventNames) : undefined;
      return meant === undefined ? wrong(value, expects) : wrong(value, expects, `did you mean ${meant}?`);
    },
  };
}

export const events = defaultedSection(
  'Makes the program an event listener: its workers are told of events by supervisord’s protocol, over stdin and stdout.',
  {
    subscribe: option(listOf(eventName(), 0, eventNames.length), {
      doc: 'supervisord’s event names; a general one (PROCESS_STATE, TICK, EVENT) is all that it begins. None: it is no listener.',
      change: 'restart',
      default: [],
    }),
    buffer: option(wholeNumber(1, 10_000), {
      doc: 'Events that may wait until a worker is ready for one; then the oldest is thrown away, and that is logged.',
      change: 'live',
      default: 10,
    }),
  },
);

/** Whether its workers are event listeners. */
export function listensToEvents({ events: { subscribe } }: { readonly events: Subscription }): boolean {
  return subscribe.length > 0;
}

interface Subscription {
  readonly subscribe: readonly EventName[];
}
