import { expect, test } from 'vitest';
import type { CurlLine, CurlRequest } from '../../../src/protocol/control-curl.ts';
import { freezeAndCount } from '../../harness/accepted-connections.ts';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { getText } from '../../harness/get-text.ts';
import { until } from '../../harness/until.ts';

/** Exactly one worker is asked, through the port that all share: the answer's pid, the kernel's and the daemon's are the same. */
const web = { command: [process.execPath, 'curl-target.cjs'], workers: 4, roll: { minReady: '0s' } };
const python = { command: ['/usr/bin/python3', 'listen-fds.py'], workers: 4 };

function start(changes: Readonly<Record<string, unknown>> = {}): Promise<Daemon> {
  return startDaemon({ programs: { web: { ...web, ...changes } } });
}

/** Each slot's answer, as --json. */
async function askAll(daemon: Daemon, ...options: readonly string[]) {
  const pids = await daemon.pids('web');
  const answers = [];
  for (const slot of pids.keys()) {
    const asked = await daemon.ctl('curl', `web:${slot}`, '/', '--json', ...options);
    expect(asked.exitCode, asked.stdout + asked.stderr).toBe(0);
    answers.push(asked.json());
  }
  return { pids, answers };
}

test.each([
  ['Node', web, {}],
  ['Node over IPv6', web, { listen: [{ port: 0, host: '::1' }], environment: { HOST: '::1' } }],
  ['Node, dual-stack', web, { listen: [{ port: 0, host: '::' }], environment: { HOST: '::' } }],
  ['Node over TLS', web, { environment: { TLS: '1' } }],
  ['Node with the kernel’s hash', web, { balance: { policy: 'hash' } }],
  ['Python', python, {}],
  ['Python over IPv6', python, { listen: [{ port: 0, host: '::1' }] }],
])('%s: every slot of four answers for itself', async (what, program, changes) => {
  await using daemon = await startDaemon({ programs: { web: { ...program, ...changes } } });
  const { pids, answers } = await askAll(daemon, ...(what.includes('TLS') ? ['--tls'] : []));
  expect(answers.map(({ pid }) => pid)).toEqual(pids);
  expect(answers.map(({ body }) => Number(/\d+\n?$/.exec(body)?.[0]))).toEqual(pids);
  for (const { attempts, port, status } of answers) expect([attempts, port, status]).toEqual([1, daemon.port(), 200]);
});

test('bind: worker: it connects until the right one accepts', async () => {
  await using daemon = await start({ bind: 'worker', workers: 2 });
  const { pids, answers } = await askAll(daemon);
  expect(answers.map(({ body }) => Number(body))).toEqual(pids);
});

test('sends what it is told to, and shows headers on request', async () => {
  await using daemon = await start({ workers: 1 });
  const asked = await daemon.ctl(
    'curl',
    'web:0',
    '/echo?a=b',
    '-X',
    'PUT',
    '-H',
    'X-One: 1',
    '-H',
    'Host: example.org',
    '-d',
    'ü',
    '-i',
  );
  const [head = '', body = ''] = asked.stdout.split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(asked.stderr).toBe(`pid ${(await daemon.pids('web'))[0]} answers at 127.0.0.1:${daemon.port()}\n`);
  const { method, url, rawHeaders, body: sent } = JSON.parse(body);
  expect({ method, url, sent }).toEqual({ method: 'PUT', url: '/echo?a=b', sent: 'ü' });
  expect(rawHeaders.join('\n')).toContain('x-one\n1\nhost\nexample.org');
  expect(rawHeaders.join('\n')).toContain('content-length\n2');
});

test('20 at once, of all slots, while others use the port', async () => {
  await using daemon = await start();
  const pids = await daemon.pids('web');
  const others = Array.from({ length: 50 }, () => getText(daemon.port()));
  const asked = Array.from({ length: 20 }, (_, at) => ask(daemon, { slot: at % 4 }));
  for (const [at, { head, text }] of (await Promise.all(asked)).entries()) {
    expect([head?.pid, text]).toEqual([pids[at % 4], String(pids[at % 4])]);
  }
  for (const text of await Promise.all(others)) expect(pids).toContain(Number(text));
});

test('a slot that gets no connections, because it is not ready yet, can be asked', async () => {
  const never = { type: 'message', timeout: '60s' };
  await using daemon = await startDaemon({
    programs: { web: { ...web, workers: 2, readiness: never, autorestart: false } },
    wait: 'answers',
  });
  const both = await until(
    async () => {
      const pids = await daemon.pids('web');
      return pids.length === 2 ? pids : undefined;
    },
    { what: 'two processes' },
  );
  const { programs } = await daemon.status();
  expect(programs[0]?.slots.map(({ state }) => state)).toEqual(['STARTING', 'STARTING']);
  for (const [slot, pid] of both.entries()) expect(await ask(daemon, { slot })).toMatchObject({ text: String(pid) });
});

test('during rolls it is always the worker that serves, never one that leaves', async () => {
  await using daemon = await start({ workers: 2 });
  let asked = 0;
  for (let times = 0; times < 3; times++) {
    const roll = { under: true };
    const rolled = daemon.ctl('roll', 'web').finally(() => (roll.under = false));
    // The next roll waits for the last look: whoever answered has served before it, or after it.
    while (roll.under || asked < 4 * (times + 1)) {
      const before = await daemon.pids('web');
      const { head, text, finished } = await ask(daemon, { slot: asked++ % 2 });
      const after = await daemon.pids('web');
      expect(finished?.error).toBeUndefined();
      expect(text).toBe(String(head?.pid));
      expect([...before, ...after]).toContain(head?.pid);
    }
    expect((await rolled).exitCode).toBe(0);
  }
});

test('a worker that does not accept, and one that does not answer, are given up in time', async () => {
  await using daemon = await start({ workers: 2, health: { hungAfter: '10m' } });
  const [pid = 0] = await daemon.pids('web');
  const slow = await daemon.ctl('curl', 'web:0', '/slow?ms=60000', '-m', '2');
  expect(slow).toMatchObject({ exitCode: 28, stdout: '' });
  expect(slow.stderr).toContain(`web:0 (pid ${pid}) gave no answer within 2s`);
  await freezeAndCount(pid, daemon.port());
  try {
    const frozen = await daemon.ctl('curl', 'web:0', '/', '-m', '300ms');
    expect(frozen).toMatchObject({ exitCode: 28, stdout: '' });
    expect(frozen.stderr).toContain('web:0 accepted no connection within 300ms');
    expect((await daemon.ctl('curl', 'web:1', '/')).exitCode).toBe(0);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
});

test('a slot that does not run, and names that mean nothing', async () => {
  await using daemon = await start({ workers: 2 });
  expect((await daemon.ctl('stop', 'web:1')).exitCode).toBe(0);
  const errors = [
    [['web:1'], 7, 'web:1 is not running: it is STOPPED'],
    [['web:2'], 1, 'there is no web:2\n  The last slot is web:1.'],
    [['nope:0'], 1, 'there is no program nope'],
    [['web'], 2, ''],
    [['web:0', '-p', '1'], 1, 'web does not listen on port 1\n'],
    [['web:0', '-X', 'CONNECT'], 1, 'CONNECT asks for a tunnel'],
    [['web:0', '--tls'], 35, 'no TLS handshake with web:0: '],
    [['web:0', '/drop'], 52, 'closed the connection without an answer\n  If the port speaks TLS, add --tls.'],
    [['web:0', '-d', 'x', '-H', 'Trailer: y'], 1, 'Trailers are invalid'],
  ] as const;
  for (const [args, exitCode, text] of errors) {
    const asked = await daemon.ctl('curl', ...args);
    expect(asked.exitCode, asked.stderr).toBe(exitCode);
    expect(asked.stderr).toContain(text);
  }
  expect((await daemon.ctl('curl', 'web:1', '--json')).json()).toMatchObject({
    error: { code: 'NOT_RUNNING', exit: 7 },
  });
  expect((await daemon.ctl('status', 'web:0')).exitCode).toBe(0);
});

test('--fail makes 22 of a bad status, and shows no body', async () => {
  await using daemon = await start({ workers: 1 });
  expect(await daemon.ctl('curl', 'web:0', '/status?code=404')).toMatchObject({ exitCode: 0, stdout: 'sorry\n' });
  const failed = await daemon.ctl('curl', 'web:0', '/status?code=503', '-f');
  expect(failed).toMatchObject({ exitCode: 22, stdout: '', stderr: 'the answer is 503 Service Unavailable\n' });
  expect(await daemon.ctl('curl', 'web:0', '/status?code=204', '-f')).toMatchObject({ exitCode: 0 });
});

test('an answer that is cut off, one that is too large, and one that switches protocols', async () => {
  await using daemon = await start({ workers: 1 });
  expect(await daemon.ctl('curl', 'web:0', '/cut')).toMatchObject({ exitCode: 56, stdout: 'half' });
  const large = await ask(daemon, { path: '/large?mib=16' });
  expect(large.finished).toMatchObject({ bytes: 16 * 2 ** 20 });
  expect(large.finished?.error).toBeUndefined();
  expect((await ask(daemon, { path: '/large?mib=17' })).finished?.error).toMatchObject({
    code: 'ANSWER_TOO_LARGE',
    exit: 63,
  });
  const upgrade = [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'x'],
  ] as const;
  expect(await ask(daemon, { headers: upgrade })).toMatchObject({ head: { status: 101 }, finished: { bytes: 0 } });
});

test('a program without a port is told how it can be asked', async () => {
  await using daemon = await start({ workers: 1, listen: [], environment: { PORT: '0' } });
  expect(await daemon.ctl('curl', 'web:0')).toMatchObject({
    exitCode: 7,
    stderr: 'web:0 declares no port\n  Give the program `listen`, or ask its own port or socket.\n',
  });
});

test('a certificate is checked when a name is given, and only then', async () => {
  await using daemon = await start({ workers: 1, environment: { TLS: '1' } });
  expect((await daemon.ctl('curl', 'web:0', '--tls')).exitCode).toBe(0);
  const refused = await daemon.ctl('curl', 'web:0', '--verify', 'localhost');
  expect(refused.exitCode).toBe(60);
  expect(refused.stderr).toContain('is not valid for localhost: ');
  const plain = await daemon.ctl('curl', 'web:0');
  expect(plain.exitCode).toBe(52);
  expect(plain.stderr).toContain('add --tls');
});

test('a server that speaks only HTTP/2 is told apart from one without TLS', async () => {
  await using daemon = await start({ workers: 1, command: [process.execPath, 'http2.cjs'] });
  const asked = await daemon.ctl('curl', 'web:0', '--tls');
  expect(asked.exitCode).toBe(35);
  expect(asked.stderr).toMatch(
    /^no TLS handshake with web:0: .*\n {2}Only HTTP\/1\.1 is spoken here, not HTTP\/2\.\n$/,
  );
});

test('a stream is shown as it comes, and Ctrl-C ends it at the worker too', async () => {
  await using daemon = await start({ workers: 1 });
  const open = async (): Promise<number> =>
    (await daemon.api('GET', '/v1/connections')).json().programs[0].slots[0].open;
  const running = daemon.startCtl('curl', 'web:0', '/stream', '-m', '1m');
  await until(async () => (await open()) === 1, { what: 'the worker to have the connection' });
  await until(async () => (await open()) === 1, { what: 'it to stay' });
  running.kill('SIGINT');
  await running.ended;
  await until(async () => (await open()) === 0, { what: 'the worker to be rid of it' });
});

test('a request of a wrong form is refused, and the daemon lives on', async () => {
  await using daemon = await start({ workers: 1 });
  for (const wrong of [
    { path: 'x' },
    { path: '/\r\nX: y' },
    { headers: [['A', 'b\r\nc']] },
    { headers: [['A b', 'c']] },
    { headers: [['A']] },
    { timeoutMs: 0 },
    { timeoutMs: 3_600_001 },
    { slot: -1 },
    { body: 'x'.repeat(65_537) },
    { method: 'G T' },
    { nonsense: 1 },
  ]) {
    const reply = await daemon.api('POST', '/v1/curl', { ...request, ...wrong });
    expect(reply.status, JSON.stringify(wrong).slice(0, 100)).toBe(400);
  }
  const wide = await daemon.api('POST', '/v1/curl', {
    ...request,
    path: '/echo',
    method: 'POST',
    body: 'ü'.repeat(40_000),
  });
  expect(wide.status).toBe(413);
  expect(
    (await ask(daemon, { path: '/echo', method: 'POST', body: '\u0000'.repeat(65_536) })).finished?.error,
  ).toBeUndefined();
});

const request: CurlRequest = {
  program: 'web',
  slot: 0,
  method: 'GET',
  path: '/',
  headers: [],
  tls: false,
  timeoutMs: 20_000,
};

async function ask(daemon: Daemon, changes: Partial<CurlRequest>) {
  const reply = await daemon.api('POST', '/v1/curl', { ...request, ...changes });
  if (reply.status !== 200) throw new Error(reply.text);
  const lines: readonly CurlLine[] = reply.lines();
  const body = Buffer.concat(lines.flatMap((line) => (line.t === 'body' ? [Buffer.from(line.base64, 'base64')] : [])));
  const head = lines.find((line) => line.t === 'head');
  const finished = lines.find((line) => line.t === 'finished');
  return { head, finished, text: body.length < 100_000 ? body.toString() : '' };
}
