import { headers, hookWord } from './hook-kinds.ts';
import { duration, listOf, text, wholeNumber } from './kinds.ts';
import { defaultedSection, option, optional, section } from './option.ts';
import { command } from './program-kinds.ts';

const second = 1_000;
const minute = 60 * second;

/** Every option of a hook: whom it tells, of what, and for how long it tries. */
export const hookSchema = section('Tells a command or a URL of events. One at a time, in their order.', {
  events: option(listOf(hookWord(), 1, 64), {
    doc: 'Which; OPTIONS.md lists them. problems stands for those that need a look.',
    change: 'live',
    example: ['problems'],
  }),
  programs: option(listOf(text('a program’s name', /^[a-z\d][\w.-]{0,63}$/i), 0, 256), {
    doc: 'Only events of these programs. The daemon’s own are then not told, unless they name one of them.',
    change: 'live',
    default: [],
  }),
  command: optional(command(), {
    doc: 'Run for each event, as the daemon’s user and without a shell: JSON on its standard input, PORTHERD_EVENT and others set.',
    change: 'live',
    example: 'logger --tag portherd',
    shown: true,
  }),
  url: optional(text('an http or https URL'), {
    doc: 'Or: gets each event as a POST of JSON. Any 2xx takes it; redirects are not followed.',
    change: 'live',
    example: 'https://example.com/portherd',
  }),
  headers: option(headers(), {
    doc: 'More headers for url, such as { authorization: Bearer %(ENV_TOKEN)s }.',
    change: 'live',
    default: {},
  }),
  timeout: option(duration(100, 10 * minute), {
    doc: 'A delivery that takes longer has failed; a command’s process group is ended.',
    change: 'live',
    default: '10s',
  }),
  retries: option(wholeNumber(0, 100), {
    doc: 'Further attempts for an event, until it is given up. A 4xx other than 408 and 429 is final.',
    change: 'live',
    default: 5,
  }),
  backoff: defaultedSection('Pauses between attempts; each is twice the one before, up to a fifth shorter or longer.', {
    initial: option(duration(10, 60 * minute), { doc: 'First pause.', change: 'live', default: '1s' }),
    max: option(duration(10, 60 * minute), { doc: 'Longest pause.', change: 'live', default: '1m' }),
  }),
  queue: option(wholeNumber(1, 1_000), {
    doc: 'Events that may wait; when there are more, the oldest are dropped and counted.',
    change: 'live',
    default: 100,
  }),
});
