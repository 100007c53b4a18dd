import { expect, test } from 'vitest';
import { programRules } from '../../../../src/config/import/supervisord-program.ts';
import { Dice } from '../../../sim/dice.ts';
import { load, supervisord, value, yamlOf } from './fixture.ts';

/** What the examples do not show: what is refused, and that nothing else is ever made than what portherd takes. */
function refusal(text: string): string {
  const read = supervisord(text);
  if (read.ok) throw new Error(yamlOf(read.value));
  expect(read.error.code).toBe('CONFIG_INVALID');
  return read.error.message;
}

const program = (...lines: readonly string[]): string => ['[program:web]', 'command=/bin/app', ...lines].join('\n');

test.for([
  [program('numprocs=two'), 'supervisord.conf:3: [program:web] numprocs and numprocs_start are whole numbers'],
  [program('numprocs=513'), 'supervisord.conf:3: [program:web] numprocs is from 0 to 512 here'],
  [program('', 'numprocs=2'), 'supervisord.conf:4: [program:web] process_name needs %(process_num)'],
  [program('autostart=maybe'), 'supervisord.conf:3: [program:web] autostart: "maybe" is neither true'],
  [program('startsecs=1.5'), 'supervisord.conf:3: [program:web] startsecs: "1.5" is no whole number'],
  [program('exitcodes=0,256'), 'supervisord.conf:3: [program:web] exitcodes: "0,256" is no list'],
  [program('umask=9'), 'supervisord.conf:3: [program:web] umask: "9" is no octal mode'],
  [
    program('stdout_logfile_maxbytes=5XB'),
    'supervisord.conf:3: [program:web] stdout_logfile_maxbytes: "5XB" is no size',
  ],
  [
    program('stopasgroup=true', 'killasgroup=false'),
    'supervisord.conf:4: [program:web] killasgroup: false contradicts',
  ],
  [program('environment=A'), 'supervisord.conf:3: [program:web] environment: cannot be read from "A" on'],
  [program('directory=%(nowhere)s'), 'supervisord.conf:3: [program:web] directory: %(nowhere)s is unknown here'],
  [program('directory=50%'), 'supervisord.conf:3: [program:web] directory: a single % means nothing'],
  ['[program:web]\nuser=x', 'supervisord.conf:1: [program:web] command: missing'],
  ['[program:web]\ncommand="/bin/app', 'supervisord.conf:2: [program:web] command: a quote in it is not closed'],
  ['[program:my web]\ncommand=x', 'supervisord.conf:1: [program:my web] is no name'],
  ['[program:]\ncommand=x', 'supervisord.conf:1: [program:] is no name'],
  [`${program()}\n[group:g]\nprograms=web,nope`, 'supervisord.conf:4: [group:g] names the unknown program nope'],
  [`${program()}\n[group:g]`, 'supervisord.conf:3: [group:g] has no programs'],
  [`${program()}\n[include]`, 'supervisord.conf:3: [include] has no files'],
  [`${program()}\n[include]\nfiles=%(x)s`, 'supervisord.conf:4: files: %(x)s is unknown here'],
  [`${program()}\n[supervisord]\nloglevel=loud`, 'supervisord.conf:4: [supervisord] loglevel: "loud" is no level'],
  [`${program()}\n[supervisord]\nenvironment=A="`, 'supervisord.conf:4: [supervisord] environment: cannot be read'],
  [
    `${program()}\n[inet_http_server]\nport=none`,
    'supervisord.conf:4: [inet_http_server] port: "none" is no host:port',
  ],
  [
    `${program()}\n[inet_http_server]\nport=1\nusername=x`,
    'supervisord.conf:5: [inet_http_server] username: username and password need each other',
  ],
  [`${program()}\n[unix_http_server]\nfile=/${'x'.repeat(120)}`, 'is too long for a Unix socket'],
  ['[fcgi-program:f]\ncommand=x', 'supervisord.conf:1: [fcgi-program:f] socket: "" is neither tcp://'],
  [
    '[fcgi-program:f]\ncommand=x\nsocket=udp://a:1',
    'supervisord.conf:3: [fcgi-program:f] socket: "udp://a:1" is neither tcp://',
  ],
  [
    '[fcgi-program:f]\ncommand=x\nsocket=tcp://a:1\nsocket_backlog=0',
    'supervisord.conf:4: [fcgi-program:f] socket_backlog: 0 is not from 1',
  ],
  ['[supervisord]\nnodaemon=true', 'supervisord.conf:1: no [program:x] section in it'],
  ['', 'supervisord.conf:1: no [program:x] section in it'],
  ['just words', 'supervisord.conf:1: "just words" stands before the first [section]'],
] as const)('%j is refused', ([text, why]) => {
  expect(refusal(text)).toContain(why);
});

test('every mistake is told, in the order of the file', () => {
  const message = refusal(program('autostart=x', 'priority=y', 'stopwaitsecs=z'));
  expect(message.split('\n').map((line) => line.slice(0, 19))).toEqual([
    'supervisord.conf:3:',
    'supervisord.conf:4:',
    'supervisord.conf:5:',
  ]);
});

test.for([
  ['127.0.0.1:9001', '', { port: 9001, host: '127.0.0.1' }],
  ['9001', '', { port: 9001, host: '127.0.0.1' }],
  ['*:9001', 'username=a\npassword=b', { port: 9001, host: '0.0.0.0', username: 'a' }],
  ['localhost:9001', '', { port: 9001, host: '127.0.0.1' }],
  ['my.host:9001', 'username=a\npassword=b', { port: 9001, host: '127.0.0.1' }],
] as const)('inet_http_server port=%s becomes supervisor.http %j', ([port, more, http]) => {
  const imported = value(supervisord(`${program()}\n[inet_http_server]\nport=${port}\n${more}`));
  expect(load(yamlOf(imported)).supervisor.http).toMatchObject(http);
});

test('no password and no environment is repeated in what is said', () => {
  const text = `${program('environment=TOKEN="s3cret"')}\n[inet_http_server]\nport=1\nusername=me\npassword=s3cret`;
  const { daemon, programs } = value(supervisord(text));
  expect(JSON.stringify([daemon, ...programs].map((draft) => draft.notes))).not.toContain('s3cret');
});

test('a file of 4,000 programs is imported before the test’s deadline', () => {
  const text = Array.from({ length: 4_000 }, (_, index) => `[program:p${index}]\ncommand=${'x '.repeat(80)}`).join(
    '\n',
  );
  expect(value(supervisord(text)).programs).toHaveLength(4_000);
});

test('whatever is written, it is refused with its place or becomes something that portherd takes', () => {
  const dice = new Dice(4_711);
  const bits = [
    'true',
    'off',
    '0',
    '1',
    '12',
    '-3',
    '999999999999',
    '022',
    '5MB',
    'TERM',
    'KILL',
    'AUTO',
    'none',
    '/dev/stdout',
    '/a/b',
    '~',
    '~x/y',
    '%(process_num)d',
    '%(here)s',
    '%%',
    '%',
    '"',
    "'",
    'a b',
    ',',
    '=',
    ':',
    ';',
    ' ;c',
    '\n  ',
    'A="1"',
    'PORTHERD_X=1',
    'tcp://1.2.3.4:80',
    'tcp://999.1.1.1:80',
    'unix:///x',
    '\\',
    'é',
    '\u0007',
    '{',
    '#',
    '0,1',
    '',
  ];
  const sections = [
    'supervisord',
    'unix_http_server',
    'inet_http_server',
    'fcgi-program:f',
    'program:p',
    'program:all',
    'group:g',
    'eventlistener:e',
    'x',
    'rpcinterface:r',
  ];
  const options = [
    ...Object.keys(programRules),
    'events',
    'buffer_size',
    'result_handler',
    'socket',
    'socket_backlog',
    'programs',
    'file',
    'chmod',
    'port',
    'username',
    'password',
    'loglevel',
    'logfile',
    'childlogdir',
    'minfds',
  ];
  let made = 0;
  for (let round = 0; round < 1_000; round++) {
    const lines = ['[program:base]', 'command=/bin/x'];
    for (let count = dice.below(4); count >= 0; count--) {
      lines.push(`[${dice.pick(sections)}]`, 'command=/bin/y', 'socket=tcp://127.0.0.1:80', 'events=TICK_60');
      for (let more = dice.below(4); more > 0; more--) {
        lines.push(`${dice.pick(options)}=${Array.from({ length: dice.below(3) }, () => dice.pick(bits)).join('')}`);
      }
    }
    const text = lines.join('\n');
    const read = supervisord(text);
    if (!read.ok) {
      expect(read.error.message, text).toMatch(/^supervisord\.conf:\d+: /);
      continue;
    }
    made += 1;
    expect(() => load(yamlOf(read.value)), text).not.toThrow();
  }
  expect(made).toBeGreaterThan(200);
}, 60_000);
