import { expect, test } from 'vitest';
import { load, refusal, web } from './load-text.ts';

const at = 'config/portherd.yaml';

/** [what the program has, column, path below the program, text] */
test.each<readonly [part: string, column: number, path: string, text: string]>([
  [
    'stop: { group: true, killGroup: false }',
    64,
    'stop.killGroup',
    'false contradicts group: true, by which all get the signal; leave one of them out',
  ],
  ...[
    'balance: { policy: cpu,',
    'balance: { policy: hash,',
    'steering: off, balance: {',
    'bind: worker, balance: {',
  ].map((front) => {
    const text = `${front} shed: { automatic: true } }`;
    const blind = front.replace('balance: {', '').replaceAll(',', '').trim();
    return [
      text,
      'programs: { web: { command: a, '.length + text.indexOf('true') + 1,
      'balance.shed.automatic',
      `true would have connections leave for ever: with ${blind} they do not come back where there is room; write false`,
    ] as const;
  }),
  [
    'roll: { maxSurge: 0 }',
    50,
    'roll.maxSurge',
    '0 needs maxUnavailable of at least 1, or no worker can be replaced; write one of them as 1',
  ],
  ['backoff: { initial: 31s }', 52, 'backoff.initial', '31s is longer than max (30s); write 30s or less'],
  ['backoff: { max: 50ms }', 32, 'backoff.initial', '100ms is longer than max (50ms); write 50ms or less'],
  ['readiness: { type: http }', 51, 'readiness.type', 'http needs a port to ask; write one under listen'],
  [
    'listen: [{ port: 1 }, { port: 1 }]',
    62,
    'listen[1].port',
    '1 is listed twice; keep one (host :: takes IPv4 and IPv6)',
  ],
  [
    "listen: [{ port: 1 }, { port: 2, name: '1' }]",
    71,
    'listen[1].name',
    '"1" is the name of two ports; give each its own',
  ],
  [
    'listen: [{ port: 1 }], events: { subscribe: [EVENT] }',
    40,
    'listen',
    'an event listener speaks with portherd over its standard output and serves no port; remove listen, or events',
  ],
  [
    'logs: { stderr: stdout }, events: { subscribe: [EVENT] }',
    48,
    'logs.stderr',
    'an event listener speaks with portherd over its standard output; write auto, none, inherit or a path',
  ],
  [
    'logs: { stdout: none, events: [stderr, stdout] }',
    71,
    'logs.events[1]',
    'stdout has no file of its own to read; write auto or a path under logs.stdout',
  ],
])('%s is refused', (part, column, path, text) => {
  expect(refusal(`programs: { web: { command: a, ${part} } }`)).toEqual([
    'CONFIG_INVALID',
    `${at}:1:${column}: programs.web.${path}: ${text}`,
  ]);
});

test.each([
  'roll: { maxSurge: 0, maxUnavailable: 1 }',
  'stop: { idleTimeout: 30s }',
  'stop: { drainTimeout: 5s }',
  'stop: { drainTimeout: 0s, idleTimeout: 0s }',
  'backoff: { initial: 30s }',
  'listen: [{ port: 1 }], readiness: { type: http }',
  'listen: [{ port: 1 }, { port: 2 }]',
])('%s is fine', (part) => {
  expect(web(`programs: { web: { command: a, ${part} } }`).name).toBe('web');
});

test('an event listener starts first and stops last, unless it is told otherwise', () => {
  const events = 'events: { subscribe: [EVENT] }';
  expect(web('programs: { web: { command: a } }').priority).toBe(999);
  expect(web(`programs: { web: { command: a, ${events} } }`).priority).toBe(-1);
  expect(web(`programs: { web: { command: a, ${events}, priority: 5 } }`).priority).toBe(5);
});

test.each([
  ['all', 'all', '"all" means every program to portherdctl; choose another name'],
  ["'my app'", '["my app"]', nameText()],
  ["'a:b'", '["a:b"]', nameText()],
  ['a/b', '["a/b"]', nameText()],
  ["'-a'", '.-a', nameText()],
  ['.a', '[".a"]', nameText()],
  ["''", '[""]', nameText()],
  ['büro', '["büro"]', nameText()],
  ['x'.repeat(65), `.${'x'.repeat(65)}`, nameText()],
])('%s is no name for a program', (written, path, text) => {
  const dotted = /^[.[]/.test(path) ? path : `.${path}`;
  expect(refusal(`programs: { ${written}: { command: a } }`)).toEqual([
    'CONFIG_INVALID',
    `${at}:1:13: programs${dotted}: ${text}`,
  ]);
});

test.each(['web', 'web-2', 'a.b_c', '8080', 'All', 'x'.repeat(64)])('%s is a name for a program', (name) => {
  expect(load(`programs: { ${name}: { command: a } }`).programs[0]?.name).toBe(name);
});

test.each([
  ['::', '::'],
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '0:0:0:0:0:0:0:1'],
  ['::', '127.0.0.1'],
  ['0.0.0.0', '::'],
  ['10.0.0.1', '0.0.0.0'],
])('two programs cannot have one port on %s and %s', (first, second) => {
  const shown = second === '0:0:0:0:0:0:0:1' ? '::1' : second;
  expect(refusal(twoPrograms(first, second))).toEqual([
    'CONFIG_INVALID',
    `${at}:3:37: programs.b.listen[0].port: 80 on ${shown} is already taken by program a; choose another port`,
  ]);
});

test.each([
  ['127.0.0.1', '127.0.0.2'],
  ['127.0.0.1', '::1'],
  ['0.0.0.0', '::1'],
])('two programs can have one port on %s and %s', (first, second) => {
  expect(load(twoPrograms(first, second)).programs).toHaveLength(2);
});

test('a control socket’s path fits into a Unix address, counted in bytes and from the root', () => {
  expect(load(socketPathOf(107)).supervisor.controlSocket.path).toHaveLength(54);
  const [code, line] = refusal(socketPathOf(109));
  expect(code).toBe('CONFIG_INVALID');
  expect(line).toMatch(
    /^config\/portherd\.yaml:1:38: supervisor\.controlSocket\.path: \/é+ has 109 bytes; a Unix socket’s path has at most 107$/,
  );
});

test.each([
  [
    'port: 9001, host: 0.0.0.0',
    'host',
    'others than this machine reach 0.0.0.0; write username and passwordFile, or tokenFile',
  ],
  [
    "port: 9001, host: '::'",
    'host',
    'others than this machine reach ::; write username and passwordFile, or tokenFile',
  ],
  ['port: 9001, username: me', 'username', 'Basic authentication needs both; write passwordFile too'],
  ['port: 9001, passwordFile: secret', 'passwordFile', 'Basic authentication needs both; write username too'],
])('the control interface over TCP with %s is refused', (written, key, text) => {
  const [code, line] = refusal(httpOf(written));
  expect([code, line?.replace(/^[^ ]+ /, '')]).toEqual(['CONFIG_INVALID', `supervisor.http.${key}: ${text}`]);
});

test.each([
  'port: 9001',
  "port: 9001, host: '::1'",
  'port: 9001, host: 127.0.0.2',
  'port: 9001, host: 0.0.0.0, tokenFile: secret',
  'port: 9001, host: 10.0.0.1, username: me, passwordFile: secret',
  'username: me',
])('the control interface over TCP can have %s', (written) => {
  expect(load(httpOf(written)).supervisor.http).toMatchObject(written.includes('port') ? { port: 9001 } : {});
});

test('what is wrong between options comes all at once', () => {
  const [, ...lines] = refusal('programs: { all: { command: a, roll: { maxSurge: 0 }, backoff: { initial: 1h } } }');
  expect(lines).toHaveLength(3);
});

function httpOf(written: string): string {
  return `supervisor: { http: { ${written} } }\nprograms: { a: { command: a } }`;
}

function socketPathOf(bytes: number): string {
  return `supervisor: { controlSocket: { path: /${'é'.repeat((bytes - 1) / 2)} } }\nprograms: { a: { command: a } }`;
}

function twoPrograms(first: string, second: string): string {
  return `programs:\n  a: { command: a, listen: [{ port: 80, host: '${first}' }] }\n  b: { command: b, listen: [{ port: 80, host: '${second}' }] }\n`;
}

function nameText(): string {
  return 'not a name for a program; write 1 to 64 letters, digits, dots, _ or -, the first a letter or digit';
}
