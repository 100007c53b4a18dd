import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { configBytesMax } from '../../../src/shared/limits.ts';
import { context, load, refusal, web } from './load-text.ts';

const at = 'config/portherd.yaml';

describe('a text that is a config', () => {
  test('YAML and JSON say the same', () => {
    const yaml = 'programs:\n  web:\n    command: node a.js\n    stop:\n      drainTimeout: 1m\n';
    expect(load(yaml)).toEqual(load('{"programs": {"web": {"command": "node a.js", "stop": {"drainTimeout": "1m"}}}}'));
  });

  test('a byte order mark and CRLF line ends do no harm', () => {
    expect(web('\uFEFFprograms:\r\n  web:\r\n    command: node a.js\r\n').command).toEqual(['node', 'a.js']);
  });

  test('programs share values by anchors', () => {
    const text =
      'programs:\n  web: { command: a, stop: &stop { killTimeout: 3s } }\n  api: { command: b, stop: *stop }\n';
    expect(load(text).programs.map(({ stop }) => stop.killTimeout)).toEqual([3_000, 3_000]);
  });

  test('programs keep the order of the file', () => {
    expect(load('programs: { b: { command: x }, a: { command: x } }').programs.map(({ name }) => name)).toEqual([
      'b',
      'a',
    ]);
  });

  test('paths start at the file’s directory', () => {
    const text =
      'programs: { web: { command: a, directory: ../app, logs: { stdout: /var/log/web, stderr: err.log } } }';
    expect(web(text)).toMatchObject({
      directory: '/srv/app/app',
      logs: { stdout: '/var/log/web', stderr: '/srv/app/config/err.log', maxSize: 52_428_800 },
    });
  });

  test.each([
    [1, 1],
    [3, 3],
    [600, 512],
  ])('on %i cores, auto means %i workers', (cores, workers) => {
    const loaded = loadConfig('programs: { web: { command: a } }', { ...context, cores });
    expect(loaded.ok && loaded.value.programs[0]?.workers).toBe(workers);
  });

  test('YAML 1.1’s yes, octals and merge keys stay what YAML 1.2 says, whatever the directive', () => {
    expect(refusal('%YAML 1.1\n---\nprograms: { web: { command: a, autostart: yes, <<: {} } }')).toEqual([
      'CONFIG_INVALID',
      `${at}:3:43: programs.web.autostart: "yes" is not valid; write true or false`,
      expect.stringContaining(`${at}:3:48: programs.web["<<"]: unknown key; known here: command, directory,`),
    ]);
  });
});

describe('a text that is not', () => {
  const map = 'write a map of include, supervisor, hooks, programs';

  test.each([
    ['', `${at}:1:1: nothing is written here; ${map}`],
    ['# only a comment\n', `${at}:1:1: nothing is written here; ${map}`],
    ['[]', `${at}:1:1: an empty list is not valid; ${map}`],
    ['hello', `${at}:1:1: "hello" is not valid; ${map}`],
    ['supervisor: {}', `${at}:1:1: programs: missing; write a map of names to programs`],
    ['programs:\n', `${at}:1:1: programs: nothing is written here; write a map of names to programs`],
    ['programs: []', `${at}:1:11: programs: an empty list is not valid; write a map of names to programs`],
    ['programs: {}', `${at}:1:1: programs: no program; write at least one`],
    ['programs:\n  web:\n    workers: 2\n', `${at}:2:3: programs.web.command: missing; ${commandText()}`],
    [
      'programs: { web: { command: a, listen: [{}] } }',
      `${at}:1:41: programs.web.listen[0].port: missing; write a whole number from 1 to 65535`,
    ],
    [
      'programs: { web: { command: a, listen: 80 } }',
      `${at}:1:40: programs.web.listen: 80 is not valid; write a list of at most 16 maps of port, host, backlog, name`,
    ],
    [
      'programs: { web: { command: a, listen: [80] } }',
      `${at}:1:41: programs.web.listen[0]: 80 is not valid; write a map of port, host, backlog, name`,
    ],
    [
      `programs: { web: { command: a, listen: [${'{ port: 1 },'.repeat(17)}] } }`,
      `${at}:1:40: programs.web.listen: a list of 17 is not valid; write a list of at most 16 maps of port, host, backlog, name`,
    ],
    [
      'programs:\n  web:\n    command: a\n    roll:\n    bind: slot\n',
      `${at}:4:5: programs.web.roll: nothing is written here; write a map of maxSurge, maxUnavailable, minReady, pause, onFailure`,
    ],
    [
      'supervisor: 3\nprograms: { web: { command: a } }',
      `${at}:1:13: supervisor: 3 is not valid; write a map of controlSocket, http, runDir, logDir, logFile, logLevel, exitOnFatal`,
    ],
  ])('%j', (text, line) => {
    expect(refusal(text)).toEqual(['CONFIG_INVALID', line]);
  });

  test('unknown keys are told with what was meant, or what there is', () => {
    const text = [
      'programs:',
      '  web:',
      '    command: a',
      '    workrs: 3',
      '    requires: www',
      '    listen: [{ prot: 80, port: 80 }]',
      '    stop: { grace: 3s }',
      'supervisr: {}',
    ].join('\n');
    const [code, ...lines] = refusal(text);
    expect(code).toBe('CONFIG_INVALID');
    expect(lines).toEqual([
      `${at}:4:5: programs.web.workrs: unknown key; did you mean "workers"?`,
      `${at}:5:5: programs.web.requires: unknown key; known here: command, directory, environment, envFile, user, group, umask, nice, rlimits, stdin, workers, listen, bind, autostart, autorestart, exitCodes, startRetries, backoff, readiness, stop, roll, steering, balance, health, logs, events, priority`,
      `${at}:6:16: programs.web.listen[0].prot: unknown key; did you mean "port"?`,
      `${at}:7:13: programs.web.stop.grace: unknown key; known here: signal, drainTimeout, idleTimeout, killTimeout, group, killGroup`,
      `${at}:8:1: supervisr: unknown key; did you mean "supervisor"?`,
    ]);
  });

  test.each(['extends', 'pattern', 'recycle', 'scale', 'after'])(
    'what this version does not have is an error, not silence: %s',
    (key) => {
      const [code, line] = refusal(`programs: { web: { command: a, ${key}: x } }`);
      expect(code).toBe('CONFIG_INVALID');
      expect(line).toMatch(new RegExp(`^${at}:1:32: programs\\.web\\.${key}: unknown key; `));
    },
  );

  test('several errors come at once, in the order of the text, ten at most', () => {
    const programs = Array.from({ length: 12 }, (_, index) => `  p${index}: { command: a, workers: 0 }`);
    const [, ...lines] = refusal(`programs:\n${programs.join('\n')}\n`);
    expect(lines).toHaveLength(11);
    expect(lines[0]).toMatch(`${at}:2:30: programs.p0.workers: 0 is not valid; `);
    expect(lines[9]).toMatch(`${at}:11:30: programs.p9.workers: 0 is not valid; `);
    expect(lines[10]).toBe('… and 2 more');
  });

  test('an error inside a shared value points at where it is written', () => {
    const text = 'programs:\n  web: { command: a, stop: &s { killTimeout: 3 } }\n  api: { command: b, stop: *s }\n';
    const unit = '3 has no unit; write 3s for seconds or 3ms for milliseconds';
    expect(refusal(text)).toEqual([
      'CONFIG_INVALID',
      `${at}:2:46: programs.web.stop.killTimeout: ${unit}`,
      `${at}:2:46: programs.api.stop.killTimeout: ${unit}`,
    ]);
  });

  test('without a file the place is still told', () => {
    const loaded = loadConfig('programs: 1', { ...context, file: undefined });
    expect(!loaded.ok && loaded.error.message).toBe(
      'config:1:11: programs: 1 is not valid; write a map of names to programs',
    );
  });

  test('a long value is cut', () => {
    const [, line] = refusal(`programs: { web: { command: a, bind: ${'x'.repeat(500)} } }`);
    expect(line).toBe(`${at}:1:38: programs.web.bind: "${'x'.repeat(59)}…" is not valid; write slot or worker`);
  });
});

describe('a text that is not even YAML', () => {
  test.each([
    ['a: [1\nb: 2', `${at}:2:1: flow sequence in block collection must be sufficiently indented and end with a ]`],
    ['programs:\n\tweb: 1', `${at}:2:1: tabs are not allowed as indentation`],
    ['a: "x', `${at}:1:6: missing closing "quote`],
    ['a: 1\n---\nb: 2', `${at}:2:1: a second document begins; write all programs in one`],
    ['a: !foo 1', `${at}:1:4: unresolved tag: !foo`],
    ['a: !!binary aGk=', `${at}:1:4: unresolved tag: tag:yaml.org,2002:binary`],
    ['a: *x', `${at}:1:4: a: *x names nothing; write &x before it`],
    ['programs: { web: *x, api: &x {} }', `${at}:1:18: programs.web: *x names nothing; write &x before it`],
    ['programs:\n  web: 1\n  web: 2\n', `${at}:3:3: programs.web: this key is written twice; keep one of them`],
    ["1: a\n'1': b", `${at}:2:1: 1: this key is written twice; keep one of them`],
    ['null: 2', `${at}:1:1: the key null is not text; write it in quotes`],
    ['? [1]\n: 2', `${at}:1:1: a key here is not plain text; write it as one word`],
    [
      'programs: { web: { environment: { __proto__: x } } }',
      `${at}:1:35: programs.web.environment.__proto__: not allowed as a key; choose another name`,
    ],
  ])('%j', (text, line) => {
    const [code, first] = refusal(text);
    expect([code, first]).toEqual(['CONFIG_SYNTAX', line]);
  });

  test('several syntax errors come at once', () => {
    const [code, ...lines] = refusal('a: !x 1\nb: !y 2\n');
    expect([code, ...lines]).toEqual([
      'CONFIG_SYNTAX',
      `${at}:1:4: unresolved tag: !x`,
      `${at}:2:4: unresolved tag: !y`,
    ]);
  });
});

test.each([
  ['; main\n\n[supervisord]\nnodaemon=true\n', true],
  ['\r\n[program:web] ; it\r\ncommand=x\r\n', true],
  ['programs:\n  [web]\n', false],
  ['programs: [', false],
  ['[{ "script": "a.js" }]\n', false],
])('%j is told to be imported: %s', (text, told) => {
  const [, ...lines] = refusal(text);
  expect(lines.join('\n').includes('`portherd import FILE` makes a config of one')).toBe(told);
});

describe('a hostile text ends in an error, soon', () => {
  test('too large', () => {
    const bytes = configBytesMax + 2;
    expect(refusal('é'.repeat(bytes / 2))).toEqual([
      'CONFIG_INVALID',
      `${at}: ${bytes} bytes long; a config has at most ${configBytesMax}, so this is probably another file`,
    ]);
  });

  test('an alias bomb', () => {
    const levels = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'.split('').map((name, index) => bomb(name, 'abcdefg'.charAt(index))),
    ];
    expect(refusal(levels.join('\n'))).toEqual([
      'CONFIG_SYNTAX',
      `${at}:1:1: excessive alias count indicates a resource exhaustion attack`,
    ]);
  });

  test.each(['[', '{a: ', '- ', '? '])('deep nesting of %j', (piece) => {
    const [code, ...lines] = refusal(piece.repeat(100_000));
    expect([code, lines]).toEqual([
      'CONFIG_SYNTAX',
      [expect.stringMatching(/^config\/portherd\.yaml:1:\d+: nested too deeply/)],
    ]);
  });

  test('a value that contains itself', () => {
    expect(refusal('programs: &p { web: { command: [a], environment: *p } }')).toEqual([
      'CONFIG_INVALID',
      `${at}:1:21: programs.web.environment.web: a map is not valid; write text`,
    ]);
  });

  test('very many keys', () => {
    const keys = Array.from({ length: 5_000 }, (_, index) => `k${index}: 1`).join('\n');
    expect(refusal(keys).at(-1)).toBe('… and 4991 more');
  });
});

function bomb(name: string, of: string): string {
  return `${name}: &${name} [${Array(9).fill(`*${of}`).join()}]`;
}

function commandText(): string {
  return 'write a command line such as node server.js, or a list of its words';
}
