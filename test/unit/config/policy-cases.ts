import { count, logTarget, type OptionCases, time, web } from './case-makers.ts';

const zero: [string, number] = ['0s', 0];
const hour: [string, number] = ['1h', 3_600_000];
const day: [string, number] = ['24h', 86_400_000];
const signalText = 'write one of TERM, HUP, INT, QUIT, USR1, USR2, WINCH, KILL, with or without SIG, or its number';

/** How workers are started, stopped, replaced and logged. */
export const policyCases: Readonly<Record<string, OptionCases>> = {
  'backoff.initial': {
    ...time(web('backoff.initial'), ['10ms', 10], hour, '2h'),
    good: [
      ['10ms', 10],
      ['30s', 30_000],
    ],
  },
  'backoff.max': {
    ...time(web('backoff.max'), ['10ms', 10], hour, '2h'),
    good: [
      ['100ms', 100],
      ['1h', 3_600_000],
    ],
  },
  'backoff.factor': {
    good: [
      ['1', 1],
      ['1.5', 1.5],
      ['10', 10],
    ],
    bad: ['0.9', '10.1', 'NaN'].map((value) => [
      value,
      `${web('backoff.factor')}: ${value === 'NaN' ? '"NaN"' : value} is not valid; write a number from 1 to 10`,
    ]),
  },
  'backoff.jitter': {
    good: [
      ['0', 0],
      ['1', 1],
    ],
    bad: ['-0.1', '1.1', '.nan', '.inf'].map((value) => [
      value,
      `${web('backoff.jitter')}: ${{ '.nan': 'NaN', '.inf': 'Infinity' }[value] ?? value} is not valid; write a number from 0 to 1`,
    ]),
  },
  'backoff.resetAfter': time(web('backoff.resetAfter'), ['100ms', 100], day, '25h'),
  'readiness.type': {
    good: [
      ['listening', 'listening'],
      ['message', 'message'],
    ],
    bad: [
      ['port', `${web('readiness.type')}: "port" is not valid; write listening, message or http`],
      ['messages', `${web('readiness.type')}: "messages" is not valid; did you mean message?`],
    ],
  },
  'readiness.path': {
    good: [
      ['/', '/'],
      ['/healthz?full=1', '/healthz?full=1'],
    ],
    bad: ['healthz', '"/a b"', '"/a\\r\\nHost: x"', 'http://x/'].map((value) => [
      value,
      `${web('readiness.path')}: ${value.startsWith('"') ? value : `"${value}"`} is not valid; write a path that begins with /, without spaces`,
    ]),
  },
  'readiness.timeout': time(web('readiness.timeout'), ['100ms', 100], hour, '2h'),
  'stop.signal': {
    good: [
      ...['TERM', 'HUP', 'INT', 'QUIT', 'USR1', 'USR2', 'WINCH', 'KILL'].map((name) => [name, `SIG${name}`] as const),
      ['SIGINT', 'SIGINT'],
      ['quit', 'SIGQUIT'],
      ['15', 'SIGTERM'],
      ['"2"', 'SIGINT'],
    ],
    bad: [
      ['STOP', `${web('stop.signal')}: "STOP" is not valid; ${signalText}`],
      ['TREM', `${web('stop.signal')}: "TREM" is not valid; ${signalText}`],
      ['19', `${web('stop.signal')}: 19 is not valid; ${signalText}`],
      ['true', `${web('stop.signal')}: true is not valid; ${signalText}`],
    ],
    loaderOnly: ['quit', '"2"'],
  },
  'stop.drainTimeout': {
    ...time(web('stop.drainTimeout'), zero, day, '25h'),
    good: [
      ['10s', 10_000],
      ['24h', 86_400_000],
    ],
  },
  'stop.idleTimeout': {
    ...time(web('stop.idleTimeout'), zero, day, '25h'),
    good: [
      ['0s', 0],
      ['30s', 30_000],
    ],
  },
  'stop.killTimeout': time(web('stop.killTimeout'), zero, day, '25h'),
  'stop.group': {
    good: [
      ['true', true],
      ['false', false],
    ],
    bad: [['yes', `${web('stop.group')}: "yes" is not valid; write true or false`]],
  },
  'stop.killGroup': {
    good: [
      ['true', true],
      ['false', false],
    ],
    bad: [['never', `${web('stop.killGroup')}: "never" is not valid; write true or false`]],
  },
  'roll.maxSurge': {
    ...count(web('roll.maxSurge'), 0, 512),
    good: [
      ['1', 1],
      ['512', 512],
    ],
  },
  'roll.maxUnavailable': count(web('roll.maxUnavailable'), 0, 512),
  'roll.minReady': time(web('roll.minReady'), zero, hour, '2h'),
  'roll.pause': time(web('roll.pause'), zero, hour, '2h'),
  'roll.onFailure': {
    good: [
      ['abort', 'abort'],
      ['rollback', 'rollback'],
    ],
    bad: [
      ['roll-back', `${web('roll.onFailure')}: "roll-back" is not valid; did you mean rollback?`],
      ['ignore', `${web('roll.onFailure')}: "ignore" is not valid; write abort or rollback`],
    ],
  },
  steering: {
    good: [
      ['ebpf', 'ebpf'],
      ['cbpf', 'cbpf'],
      ['off', 'off'],
    ],
    bad: [
      ['bpf', `${web('steering')}: "bpf" is not valid; did you mean ebpf?`],
      ['false', `${web('steering')}: false is not valid; write auto, ebpf, cbpf or off`],
    ],
  },
  'balance.policy': {
    good: [
      ['load', 'load'],
      ['cpu', 'cpu'],
      ['hash', 'hash'],
    ],
    bad: [
      ['connection', `${web('balance.policy')}: "connection" is not valid; did you mean connections?`],
      ['round-robin', `${web('balance.policy')}: "round-robin" is not valid; write connections, load, cpu or hash`],
    ],
  },
  'balance.shed.automatic': {
    good: [
      ['true', true],
      ['false', false],
    ],
    bad: [['always', `${web('balance.shed.automatic')}: "always" is not valid; write true or false`]],
  },
  'balance.shed.above': {
    good: [
      ['1.05', 1.05],
      ['512', 512],
    ],
    bad: ['1', '1.04', '513'].map((value) => [
      value,
      `${web('balance.shed.above')}: ${value} is not valid; write a number from 1.05 to 512`,
    ]),
  },
  'balance.shed.perSecond': {
    good: [
      ['1%', 0.01],
      ['99%', 0.99],
      ['100%', 1],
    ],
    bad: [
      ...['0%', '101%', '5.5%', '5 %', 'all'].map(
        (value) =>
          [value, `${web('balance.shed.perSecond')}: "${value}" is not valid; write a share from 1% to 100%`] as const,
      ),
      ['0.05', `${web('balance.shed.perSecond')}: 0.05 is not valid; write a share from 1% to 100%`],
    ],
  },
  'balance.interval': time(web('balance.interval'), ['20ms', 20], ['10s', 10_000], '11s'),
  'health.hungAfter': {
    good: [
      ['1s', 1_000],
      ['24h', 86_400_000],
      ['never', 'never'],
    ],
    bad: [
      ['999ms', `${web('health.hungAfter')}: "999ms" is not valid; write a duration from 1s to 24h, or never`],
      ['25h', `${web('health.hungAfter')}: "25h" is not valid; write a duration from 1s to 24h, or never`],
      ['Never', `${web('health.hungAfter')}: "Never" is not valid; write a duration from 1s to 24h, or never`],
      ['30', `${web('health.hungAfter')}: 30 has no unit; write 30s for seconds or 30ms for milliseconds`],
    ],
  },
  'logs.stdout': logTarget(web('logs.stdout')),
  'logs.stderr': logTarget(web('logs.stderr'), 'auto (a file per worker in logDir), stdout (with standard output)'),
  'logs.maxSize': {
    good: [
      ['64KB', 65_536],
      ['1.5GB', 1_610_612_736],
      ['1TB', 1_099_511_627_776],
      ['never', 'never'],
    ],
    bad: [
      ['65535B', `${web('logs.maxSize')}: "65535B" is not valid; write a size from 64KB to 1TB, or never`],
      ['1.1TB', `${web('logs.maxSize')}: "1.1TB" is not valid; write a size from 64KB to 1TB, or never`],
      ['50', `${web('logs.maxSize')}: 50 has no unit; write 50MB for megabytes or 50B for bytes`],
      ['50mb', `${web('logs.maxSize')}: "50mb" is not a size; write it like 512KB, 50MB or 2GB`],
      ['[]', `${web('logs.maxSize')}: an empty list is not valid; write a size from 64KB to 1TB, or never`],
    ],
  },
  'logs.keep': count(web('logs.keep'), 0, 1_000),
  'logs.compress': {
    good: [
      ['true', true],
      ['false', false],
    ],
    bad: [['gzip', `${web('logs.compress')}: "gzip" is not valid; write true or false`]],
  },
  'logs.events': {
    good: [
      ['[stdout, stderr]', ['stdout', 'stderr']],
      ['[]', []],
    ],
    bad: [['[stdin]', `${web('logs.events[0]')}: "stdin" is not valid; write stdout or stderr`]],
    marks: { '[stdin]': 'stdin]' },
  },
  'logs.capture': {
    good: [
      ['never', 'never'],
      ['1MB', 1_048_576],
    ],
    bad: [['17MB', `${web('logs.capture')}: "17MB" is not valid; write a size from 1B to 16MB, or never`]],
  },
  'logs.maxAge': {
    good: [
      ['1h', 3_600_000],
      ['720h', 2_592_000_000],
      ['never', 'never'],
    ],
    bad: [
      ['59m', `${web('logs.maxAge')}: "59m" is not valid; write a duration from 1h to 87840h, or never`],
      ['30', `${web('logs.maxAge')}: 30 has no unit; write 30s for seconds or 30ms for milliseconds`],
    ],
  },
  'events.subscribe': {
    good: [
      ['[]', []],
      ['[TICK_60, PROCESS_STATE_EXITED]', ['TICK_60', 'PROCESS_STATE_EXITED']],
    ],
    bad: [
      ['[TICK_06]', `${web('events.subscribe[0]')}: "TICK_06" is not valid; did you mean TICK_60?`],
      [
        '[EVENT, exits]',
        `${web('events.subscribe[1]')}: "exits" is not valid; write one of supervisord’s event names, such as PROCESS_STATE_EXITED or TICK_60`,
      ],
      [
        'EVENT',
        `${web('events.subscribe')}: "EVENT" is not valid; write a list of 0 to 27 items, each one of supervisord’s event names, such as PROCESS_STATE_EXITED or TICK_60`,
      ],
    ],
    marks: { '[TICK_06]': 'TICK_06]', '[EVENT, exits]': 'exits]' },
  },
  'events.buffer': count(web('events.buffer'), 1, 10_000),
  priority: count(web('priority'), -9_999, 9_999),
};
