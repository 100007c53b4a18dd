import { slotsMax } from '../shared/limits.ts';
import { events } from './events-schema.ts';
import { logs } from './logs-schema.ts';
import { decimal, duration, durationOr, listOf, oneOf, path, text, wholeNumber } from './kinds.ts';
import { defaultedSection, listOfSections, option, optional, section } from './option.ts';
import { processOptions } from './process-schema.ts';
import { command, environment, host, share, stopSignal, workers } from './program-kinds.ts';

/** Every option of a program: kind, default, one-line doc, cost of a change. Durations become milliseconds. Nothing else lists them. */

const second = 1_000;
const hour = 3_600 * second;
const day = 24 * hour;

const listen = section('A port that every worker serves.', {
  port: option(wholeNumber(1, 65_535), {
    doc: 'TCP port. A program has each port once: by it a worker’s listen() finds its socket.',
    change: 'restart',
    example: 8080,
  }),
  host: option(host(), {
    doc: 'Address to bind. "::" takes IPv6 and IPv4.',
    change: 'restart',
    default: '::',
  }),
  // Node's own 511 is short: a slot's queue also holds what arrives while its worker is replaced or respawned.
  backlog: option(wholeNumber(1, 65_535), {
    doc: 'Connections that may wait in each worker’s accept queue; net.core.somaxconn caps it.',
    change: 'restart',
    default: 1024,
  }),
  name: optional(text('1 to 64 letters, digits, dots, _ or -', /^[\w.-]{1,64}$/), {
    doc: 'Name of the socket in LISTEN_FDNAMES; the port number unless given.',
    change: 'restart',
    example: 'http',
  }),
});

const backoff = defaultedSection('Pauses before a failed worker is started again.', {
  initial: option(duration(10, hour), { doc: 'First pause.', change: 'live', default: '100ms' }),
  max: option(duration(10, hour), { doc: 'Longest pause.', change: 'live', default: '30s' }),
  factor: option(decimal(1, 10), { doc: 'Each pause is this many times the one before.', change: 'live', default: 2 }),
  jitter: option(decimal(0, 1), {
    doc: 'Each pause is up to this share shorter or longer, so that workers do not come back in step.',
    change: 'live',
    default: 0.2,
  }),
  resetAfter: option(duration(100, day), {
    doc: 'Healthy time after which earlier failures are forgotten.',
    change: 'live',
    default: '10s',
  }),
});

const readiness = defaultedSection('What proves that a new worker can serve.', {
  type: option(oneOf('listening', 'message', 'http'), {
    doc: 'listening: on every port (without ports: alive for 1s); message: process.send("ready"); http: 2xx or 3xx on path.',
    change: 'live',
    default: 'listening',
  }),
  path: option(text('a path that begins with /, without spaces', /^\/[\x21-\x7e]*$/), {
    doc: 'Asked on the first port when type is http.',
    change: 'live',
    default: '/',
  }),
  timeout: option(duration(100, hour), {
    doc: 'A worker not ready by then has failed.',
    change: 'live',
    default: '30s',
  }),
});

const stop = defaultedSection('How a worker leaves: drain, signal, kill.', {
  signal: option(stopSignal(), {
    doc: 'Sent when nothing is open any more, or at drainTimeout.',
    change: 'live',
    default: 'TERM',
  }),
  drainTimeout: option(duration(0, day), {
    doc: 'Time to finish what is open. Nothing new is accepted meanwhile.',
    change: 'live',
    default: '30s',
  }),
  // Node closes a silent keep-alive connection after keepAliveTimeout 5 s, and counts 1 s more for itself.
  idleTimeout: option(duration(0, day), {
    doc: 'Time for idle keep-alive clients to speak or leave; drainTimeout ends it earlier. Node’s own limit is 5s.',
    change: 'live',
    default: '10s',
  }),
  killTimeout: option(duration(0, day), {
    doc: 'Time from the signal to SIGKILL.',
    change: 'live',
    default: '10s',
  }),
  group: option(oneOf(true, false), {
    doc: 'Send the signal to the whole process group too, not only to the process that serves.',
    change: 'live',
    default: false,
  }),
  killGroup: option(oneOf(true, false), {
    doc: 'SIGKILL goes to all that a worker has started, also when it has ended. false: only to it and to what holds its sockets.',
    change: 'live',
    default: true,
  }),
});

const roll = defaultedSection('How workers are replaced, slot by slot.', {
  maxSurge: option(wholeNumber(0, slotsMax), {
    doc: 'Replacements that may run beside the old workers at once.',
    change: 'live',
    default: 1,
  }),
  maxUnavailable: option(wholeNumber(0, slotsMax), {
    doc: 'Workers that may be missing at once.',
    change: 'live',
    default: 0,
  }),
  // Long enough for what fails right after the start (a first query, a first timer) to be caught while every old worker is
  // still there; 16 workers take half a minute.
  minReady: option(duration(0, hour), {
    doc: 'Time a replacement must stay ready before the old worker leaves, and before the next slot’s turn.',
    change: 'live',
    default: '2s',
  }),
  pause: option(duration(0, hour), { doc: 'Time between two slots.', change: 'live', default: '0s' }),
  onFailure: option(oneOf('abort', 'rollback'), {
    doc: 'At the first failed slot: abort keeps the rest on the old generation; rollback also returns the replaced slots to it.',
    change: 'live',
    default: 'abort',
  }),
});

const shed = defaultedSection(
  'How open connections are moved from crowded workers: HTTP answers `Connection: close`, or GOAWAY.',
  {
    automatic: option(oneOf(true, false), {
      doc: 'Move them whenever it is needed, not only at `portherdctl rebalance`. Needs policy connections or load.',
      change: 'live',
      default: false,
    }),
    // The kernel's hash gives the busiest of 8 workers 1.5 × the mean at 64 connections (measured).
    above: option(decimal(1.05, slotsMax), {
      doc: 'Automatic: when a worker has had this many times the mean for 2s. It ends at 1.05.',
      change: 'live',
      default: 1.25,
    }),
    // Clients that come back make a new connection, over TLS a costly one; this has the worst skew gone in 5 s.
    perSecond: option(share(), {
      doc: 'Of all open connections, how many may be asked to leave each second.',
      change: 'live',
      default: '20%',
    }),
  },
);

const balance = defaultedSection('How new connections are shared out among the workers of a port.', {
  policy: option(oneOf('connections', 'load', 'cpu', 'hash'), {
    doc: 'connections: fewest open first; load: busy workers get fewer; cpu: by the receiving core; hash: the kernel’s own.',
    change: 'live',
    default: 'connections',
  }),
  // A look at 4 workers and a decision cost some 0.1 ms; at 20 ms that is half a percent of a core.
  interval: option(duration(20, 10 * second), {
    doc: 'Time between two looks at queues and counts, at least 1.5ms a slot; five times that while nobody comes. A stall shows after two.',
    change: 'live',
    default: '100ms',
  }),
  shed,
});

const health = defaultedSection('What is done about workers that are alive but do not serve.', {
  hungAfter: option(durationOr('never', second, day), {
    doc: 'A worker whose event loop or queue has not moved for this long is terminated and replaced, whatever autorestart says.',
    change: 'live',
    default: '30s',
  }),
});

export const programSchema = section('One server.', {
  command: option(command(), {
    doc: 'What to run, without a shell: words with quotes, or a list. A first word without / is looked up in PATH.',
    change: 'roll',
    example: 'node server.js',
  }),
  directory: option(path(), { doc: 'Working directory of the workers.', change: 'roll', default: '.' }),
  environment: option(environment(), {
    doc: 'Variables added to the daemon’s own.',
    change: 'roll',
    default: {},
    example: { NODE_ENV: 'production' },
  }),
  ...processOptions,
  workers: option(workers(), {
    doc: 'Slots: auto is one per core that this process may use; a share is rounded down, but at least 1.',
    change: 'scale',
    default: 'auto',
  }),
  // A worker needs a descriptor per port and slot, and a few more for re-listening; sixteen ports are a very busy program.
  listen: listOfSections(listen, 16, {
    doc: 'Ports that the workers share. With none, portherd supervises but steers nothing.',
    change: 'restart',
  }),
  bind: option(oneOf('slot', 'worker'), {
    doc: 'slot: portherd holds the sockets, which outlive the workers; worker: each binds by itself with reusePort.',
    change: 'restart',
    default: 'slot',
  }),
  autostart: option(oneOf(true, false), { doc: 'Start together with the daemon.', change: 'live', default: true }),
  autorestart: option(oneOf(true, false, 'unexpected'), {
    doc: 'After an exit of a ready worker: true always, false never, unexpected unless its code is in exitCodes.',
    change: 'live',
    default: 'unexpected',
  }),
  exitCodes: option(listOf(wholeNumber(0, 255), 0, 256), {
    doc: 'Exit codes that autorestart: unexpected takes as meant. Death by a signal never is.',
    change: 'live',
    default: [0],
  }),
  startRetries: option(wholeNumber(0, 1_000), {
    doc: 'Retries in a row after which the next failure makes a slot FATAL.',
    change: 'live',
    default: 5,
  }),
  backoff,
  readiness,
  stop,
  roll,
  steering: option(oneOf('auto', 'ebpf', 'cbpf', 'off'), {
    doc: 'Who tells the kernel where connections go: ebpf (needs CAP_BPF, else cbpf), cbpf, auto (the best of these), off (its own hash).',
    change: 'live',
    default: 'auto',
  }),
  balance,
  health,
  logs,
  events,
  priority: optional(wholeNumber(-9_999, 9_999), {
    doc: 'Programs start lowest first and stop highest first. Unless given 999, of an event listener -1.',
    change: 'live',
    example: 999,
  }),
});
