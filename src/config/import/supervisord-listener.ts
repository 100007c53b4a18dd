import { isEventName } from '../../shared/event-names.ts';
import { numberWithin } from './clamp.ts';
import { mapped, none, wrong } from './outcome.ts';
import { type ProgramRule, withBoolean, withInteger } from './supervisord-rule.ts';
import { listOfTexts } from './supervisord-values.ts';

/** What [eventlistener:x] has besides the options of a program. */
export const listenerRules: Readonly<Record<string, ProgramRule>> = {
  events: {
    absent: '',
    read: (text) => {
      const names = [...new Set(listOfTexts(text).map((name) => name.toUpperCase()))];
      if (names.length === 0) return wrong('missing; a listener needs the events that it is told of');
      const unknown = names.filter((name) => !isEventName(name));
      return unknown.length > 0
        ? wrong(`supervisord has no event ${unknown.join(', ')}`)
        : mapped({ 'events.subscribe': names });
    },
  },
  buffer_size: {
    read: (text) =>
      withInteger(text, (count) =>
        count < 1 ? wrong(`${count} is not at least 1`) : numberWithin('events.buffer', count, 1, 10_000),
      ),
  },
  result_handler: {
    read: (text) =>
      text.trim() === defaultHandler
        ? mapped()
        : none(
            'Python cannot run in portherd; a result is OK, or the event is given again',
            'decide it in the listener',
          ),
  },
};

/** Where a listener's differ from those of other programs. */
export const listenerOnly: Readonly<Record<string, ProgramRule>> = {
  redirect_stderr: {
    read: (text) =>
      withBoolean(text, (yes) =>
        yes ? wrong('true would put its errors into what it says to supervisord') : mapped(),
      ),
  },
};

const defaultHandler = 'supervisor.dispatchers:default_handler';
