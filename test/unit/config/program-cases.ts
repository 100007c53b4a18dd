import { aPath, count, type OptionCases, percentNames, web } from './case-makers.ts';

const commandText = 'write a command line such as node server.js, or a list of its words';
const workersText = 'write auto, a whole number from 1 to 512, or a share of the cores from 1% to 1000%';
const hostText = 'write an IPv4 or IPv6 address, such as 127.0.0.1, 0.0.0.0, :: or ::1';

export const programCases: Readonly<Record<string, OptionCases>> = {
  command: {
    good: [
      ['node server.js', ['node', 'server.js']],
      [`"node 'my app.js' --name=\\"a b\\""`, ['node', 'my app.js', '--name=a b']],
      ['[node, my app.js]', ['node', 'my app.js']],
      ["[sh, '-c', 'a | b']", ['sh', '-c', 'a | b']],
      ['"a %(program_name)s %(slot)d %% %H"', ['a', '%(program_name)s', '%(slot)d', '%%', '%H']],
      ['"a %(ENV_REGION)s %(host_node_name)s"', ['a', 'eu 100%%', 'north']],
    ],
    bad: [
      ['""', `${web('command')}: "" is not valid; ${commandText}`],
      ['"  "', `${web('command')}: "" is not valid; ${commandText}`],
      ['[]', `${web('command')}: an empty list is not valid; write a list of 1 to 1000 items, each text`],
      ['[node, 1]', `${web('command')}[1]: 1 is not valid; write it in quotes: '1'`],
      ['3', `${web('command')}: 3 is not valid; ${commandText}`],
      [
        '"a | b"',
        `${web('command')}: no shell runs the command, so | would mean nothing; quote it, or write ["sh", "-c", "…"]`,
      ],
      ['A=1 node', `${web('command')}: no shell runs the command; write A under environment instead`],
      ['["A=1", node]', `${web('command')}: no shell runs the command; write A under environment instead`],
      [`"node 'x"`, `${web('command')}: the quote ' is not closed; close it, or put a backslash before it`],
      ['"a\\0b"', `${web('command')}: "a\\u0000b" is not valid; ${commandText}`],
      ['"a %(slots)d"', `${web('command')}: %(slots)d names nothing; write one of ${percentNames}, or %% for a %`],
      [
        '"a %(ENV_GONE)s"',
        `${web('command')}: %(ENV_GONE)s: GONE is not set in portherd’s environment; set it, or write %% for a %`,
      ],
    ],
    marks: { '[node, 1]': '1]' },
  },
  directory: {
    ...aPath(web('directory')),
    good: [...aPath(web('directory')).good, ['"%(ENV_REGION)s/%(program_name)s%%"', '/srv/app/config/eu 100%/web%']],
    bad: [
      ...aPath(web('directory')).bad,
      ['"/srv/%(slot)d"', `${web('directory')}: %(slot)d is another for each slot; this is one for all of them`],
    ],
  },
  environment: {
    good: [
      ['{}', {}],
      ["{ A: b, PORT: '80', EMPTY: '' }", { A: 'b', PORT: '80', EMPTY: '' }],
      ["{ A: '$HOME/${X}' }", { A: '$HOME/${X}' }],
      ["{ A: '%(ENV_REGION)s', B: '%(slot)d' }", { A: 'eu 100%%', B: '%(slot)d' }],
    ],
    bad: [
      ['[A=b]', `${web('environment')}: a list of 1 is not valid; write a map of names to texts`],
      ['{ A: 80 }', `${web('environment')}.A: 80 is not valid; write it in quotes: '80'`],
      ['{ A: true }', `${web('environment')}.A: true is not valid; write text`],
      ['{ A: }', `${web('environment')}.A: nothing is written here; write text`],
      ["{ 'A=B': c }", `${web('environment')}["A=B"]: "A=B" is not valid; write a name without = in it`],
      ["{ '': c }", `${web('environment')}[""]: "" is not valid; write a name without = in it`],
      [
        "{ A: '%(here)s' }",
        `${web('environment')}.A: %(here)s names nothing; write one of ${percentNames}, or %% for a %`,
      ],
      [
        '{ PORTHERD_SLOT: x }',
        `${web('environment')}.PORTHERD_SLOT: "PORTHERD_SLOT" is not valid; portherd sets it itself; remove it`,
      ],
      [
        '{ LISTEN_FDS: x }',
        `${web('environment')}.LISTEN_FDS: "LISTEN_FDS" is not valid; portherd sets it itself; remove it`,
      ],
    ],
    marks: {
      '{ A: 80 }': '80 }',
      '{ A: true }': 'true',
      '{ A: }': 'A: }',
      "{ 'A=B': c }": 'c }',
      "{ '': c }": 'c }',
      "{ A: '%(here)s' }": "'%(here)s' }",
      '{ PORTHERD_SLOT: x }': 'x }',
      '{ LISTEN_FDS: x }': 'x }',
    },
  },
  workers: {
    good: [
      ['auto', 4],
      ['1', 1],
      ['512', 512],
      ['50%', 2],
      ['1%', 1],
      ['99%', 3],
      ['1000%', 40],
    ],
    bad: ['0', '513', '1.5', '-1']
      .map((value) => [value, `${web('workers')}: ${value} is not valid; ${workersText}`] as const)
      .concat(
        ['0%', '1001%', '5.5%', 'all', '50 %'].map((value) => [
          value,
          `${web('workers')}: "${value}" is not valid; ${workersText}`,
        ]),
      ),
  },
  'listen[].port': count(web('listen[0].port'), 1, 65_535),
  'listen[].host': {
    good: [
      ["'::'", '::'],
      ['0.0.0.0', '0.0.0.0'],
      ['127.0.0.1', '127.0.0.1'],
      ["'0:0::0:1'", '::1'],
      ['FE80::AB', 'fe80::ab'],
    ],
    bad: [
      ['localhost', `${web('listen[0].host')}: "localhost" is not valid; write 127.0.0.1 or ::1`],
      ['"*"', `${web('listen[0].host')}: "*" is not valid; ${hostText}`],
      ['256.0.0.1', `${web('listen[0].host')}: "256.0.0.1" is not valid; ${hostText}`],
      ['127.1', `${web('listen[0].host')}: 127.1 is not valid; ${hostText}`],
      ['010.0.0.1', `${web('listen[0].host')}: "010.0.0.1" is not valid; ${hostText}`],
      ["'[::1]'", `${web('listen[0].host')}: "[::1]" is not valid; ${hostText}`],
      ['fe80::1%eth0', `${web('listen[0].host')}: "fe80::1%eth0" is not valid; ${hostText}`],
      ["'1::2::3'", `${web('listen[0].host')}: "1::2::3" is not valid; ${hostText}`],
      ['example.org', `${web('listen[0].host')}: "example.org" is not valid; ${hostText}`],
    ],
  },
  'listen[].backlog': count(web('listen[0].backlog'), 1, 65_535),
  'listen[].name': {
    good: [
      ['http', 'http'],
      ["'8080'", '8080'],
      ['x'.repeat(64), 'x'.repeat(64)],
    ],
    bad: ['"a:b"', '""', `"${'x'.repeat(65)}"`].map((value) => [
      value,
      `${web('listen[0].name')}: ${value.length > 66 ? `"${'x'.repeat(59)}…"` : value} is not valid; write 1 to 64 letters, digits, dots, _ or -`,
    ]),
  },
  bind: {
    good: [
      ['slot', 'slot'],
      ['worker', 'worker'],
    ],
    bad: [
      ['workers', `${web('bind')}: "workers" is not valid; did you mean worker?`],
      ['x', `${web('bind')}: "x" is not valid; write slot or worker`],
    ],
  },
  autostart: {
    good: [
      ['true', true],
      ['false', false],
    ],
    bad: [
      ['yes', `${web('autostart')}: "yes" is not valid; write true or false`],
      ['"true"', `${web('autostart')}: "true" is not valid; did you mean true?`],
      ['1', `${web('autostart')}: 1 is not valid; write true or false`],
    ],
  },
  autorestart: {
    good: [
      ['true', true],
      ['false', false],
      ['unexpected', 'unexpected'],
    ],
    bad: [
      ['always', `${web('autorestart')}: "always" is not valid; write true, false or unexpected`],
      ['unexpcted', `${web('autorestart')}: "unexpcted" is not valid; did you mean unexpected?`],
    ],
  },
  exitCodes: {
    good: [
      ['[]', []],
      ['[0, 255]', [0, 255]],
    ],
    bad: [
      ['0', `${web('exitCodes')}: 0 is not valid; write a list of 0 to 256 items, each a whole number from 0 to 255`],
      ['[0, 256]', `${web('exitCodes')}[1]: 256 is not valid; write a whole number from 0 to 255`],
      ['[-1]', `${web('exitCodes')}[0]: -1 is not valid; write a whole number from 0 to 255`],
      [
        `[${Array(257).fill(0).join()}]`,
        `${web('exitCodes')}: a list of 257 is not valid; write a list of 0 to 256 items, each a whole number from 0 to 255`,
      ],
    ],
    marks: { '[0, 256]': '256]', '[-1]': '-1' },
  },
  startRetries: count(web('startRetries'), 0, 1_000),
};
