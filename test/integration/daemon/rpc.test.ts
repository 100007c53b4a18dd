import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rpcRequestBytesMax, xmlElementsMax } from '../../../src/shared/limits.ts';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { freePort } from '../../harness/free-port.ts';
import { askHttp, callRpc, callXml } from '../../harness/rpc-client.ts';
import { sendRaw } from '../../harness/raw-control.ts';
import { until } from '../../harness/until.ts';

/** What clients of XML-RPC should not send, and who may send anything. What they should is in test/system, against the original. */
const web = {
  command: [process.execPath, '-e', "console.log('red \\u001b[31m é'); setInterval(() => {}, 1e6)"],
  workers: 2,
  listen: [],
};

describe('the control socket', () => {
  let daemon: Daemon;

  beforeAll(async () => {
    daemon = await startDaemon({ programs: { web } });
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test('answers a call, in XML, and closes the connection', async () => {
    const { status, headers, text } = await callRpc(daemon.socket, 'supervisor.getAPIVersion');
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'content-type': 'text/xml', connection: 'close' });
    expect(text).toContain('<string>3.0</string>');
  });

  test.each(['text/xml; charset=utf-8', 'application/xml', 'application/json', 'text/plain'])(
    'whatever it calls its XML: %s',
    async (type) => {
      const body = callXml('supervisor.getAPIVersion');
      const reply = await askHttp(daemon.socket, { body, headers: { 'content-type': type }, path: '/RPC2/' });
      expect([reply.status, reply.text.includes('3.0')]).toEqual([200, true]);
    },
  );

  test.each([
    ['nothing', undefined],
    ['an empty body', ''],
    ['no XML', 'hello'],
    ['JSON', '{"method":"supervisor.shutdown"}'],
    ['half a call', callXml('supervisor.shutdown').slice(0, -20)],
    ['a call without a name', '<methodCall><params/></methodCall>'],
    ['a response', '<methodResponse><params/></methodResponse>'],
    [
      'an external entity',
      `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${callXml('supervisor.getAPIVersion')}`,
    ],
    ['an int that is none', callXml('supervisor.readLog', [0, 0]).replace('<int>0<', '<int>zero<')],
    ['too many elements', callXml('a.b').replace('<params>', `<params>${'<i/>'.repeat(xmlElementsMax)}`)],
  ])('%s is a bad request', async (_, body) => {
    const { status, text } = await askHttp(daemon.socket, body === undefined ? {} : { body });
    expect([status, JSON.parse(text)]).toEqual([400, { error: expect.objectContaining({ code: 'BAD_REQUEST' }) }]);
  });

  test('a body over the limit is refused, whatever is in it', async () => {
    const announced = `POST /RPC2 HTTP/1.1\r\nhost: x\r\ncontent-length: ${rpcRequestBytesMax + 1}\r\n\r\n`;
    expect((await sendRaw(daemon.socket, announced)).text).toMatch(/^HTTP\/1\.1 413 /);
  });

  test.each([
    'supervisor.supervisord.options.warnings.linecache.os.system',
    'supervisor.__class__',
    'supervisor._update',
    'constructor.constructor',
    '__proto__',
    'supervisor.getState.call',
    'supervisor.getstate',
    ' ',
    'x'.repeat(100_000),
  ])('%j is no method', async (method) => {
    const reply = await callRpc(daemon.socket, method, 'id');
    expect(method === ' ' ? reply.status : reply.fault).toBe(method === ' ' ? 400 : '1 UNKNOWN_METHOD');
  });

  test.each([
    '../../etc/passwd',
    'web/0',
    '..',
    '/',
    'web:-1',
    'web:99999999999',
    'web:00',
    'web:0:0',
    '',
    '*',
    'all',
    'toString:0',
  ])('a process %j is none', async (name) => {
    for (const method of ['getProcessInfo', 'startProcess', 'stopProcess', 'clearProcessLogs', 'removeProcessGroup'])
      expect((await callRpc(daemon.socket, `supervisor.${method}`, name)).fault).toBe(`10 BAD_NAME: ${name}`);
    for (const method of ['readProcessStdoutLog', 'tailProcessStderrLog'])
      expect((await callRpc(daemon.socket, `supervisor.${method}`, name, 0, 0)).fault).toBe(`10 BAD_NAME: ${name}`);
  });

  test.each([
    ['/logtail/..%2f..%2fetc%2fpasswd', 404],
    ['/logtail/web:0/../../etc/passwd', 404],
    ['/logtail/web:0/%2e%2e', 404],
    ['/logtail/web:9', 404],
    ['/logtail/web', 404],
    ['/logtail/', 404],
    ['/logtail/web:0/stdlog', 404],
    ['/mainlogtail', 404],
  ])('GET %s is %i', async (path, status) => {
    expect((await askHttp(daemon.socket, { method: 'GET', path })).status).toBe(status);
  });

  test.each([
    [-1, 1, '3 BAD_ARGUMENTS'],
    [0, -1, '3 BAD_ARGUMENTS'],
    [2 ** 31 - 1, 2 ** 31 - 1, undefined],
    [-(2 ** 31), 0, undefined],
  ])('a log from %i with length %i: %s', async (offset, length, fault) => {
    expect((await callRpc(daemon.socket, 'supervisor.readProcessStdoutLog', 'web:0', offset, length)).fault).toBe(
      fault,
    );
  });

  test('what XML cannot hold is shown, so that a client can read the answer', async () => {
    expect(
      await until(async () => (await outputOf(daemon)).includes('red') && outputOf(daemon), { what: 'the line' }),
    ).toContain('red ␛[31m é');
  });

  test('a log is streamed while somebody reads, and 32 of them are enough', async () => {
    const streams = Array.from({ length: 40 }, () => new AbortController());
    const path = '/logtail/web:1/stdout';
    const begun = streams.map(({ signal }) => startStream(daemon.socket, path, signal));
    const statuses = await Promise.all(begun);
    expect(statuses.filter((status) => status === 200)).toHaveLength(32);
    expect(statuses.filter((status) => status === 503)).toHaveLength(8);
    expect((await callRpc(daemon.socket, 'supervisor.getPID')).text).toContain(String(daemon.pid));
    for (const stream of streams) stream.abort();
    const again = new AbortController();
    await until(async () => (await startStream(daemon.socket, path, again.signal)) === 200, {
      what: 'room for another',
    });
    again.abort();
  });

  test('after hundreds of bad ones it is up, and no larger than before', async () => {
    const laughs = Array.from({ length: 20 }, (_, at) => `<!ENTITY l${at + 1} "${`&l${at};`.repeat(10)}">`).join('');
    const bombs = [
      `<!DOCTYPE x [<!ENTITY l0 "ha">${laughs}]>${callXml('a.b', ['x']).replace('>x<', '>&l20;<')}`,
      callXml('a.b').replace('<params>', `<params>${'<i/>'.repeat(xmlElementsMax)}`),
      `<methodCall>${'<value><array><data>'.repeat(5_000)}`,
      callXml('supervisor.getProcessInfo', ['x'.repeat(rpcRequestBytesMax - 1_000)]),
      'x'.repeat(rpcRequestBytesMax),
    ];
    const rss = async (): Promise<number> => (await daemon.status()).daemon.rssBytes;
    const some = async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds; round++)
        await Promise.all(bombs.map((body) => askHttp(daemon.socket, { body })));
    };
    await some(100);
    const before = await rss();
    await some(50);
    expect((await rss()) - before).toBeLessThan(32 * 1024 * 1024);
    expect((await daemon.status()).programs[0]?.slots.map(({ state }) => state)).toEqual(['RUNNING', 'RUNNING']);
  });
});

describe('the TCP port', () => {
  const user = { authorization: `Basic ${Buffer.from('operator:s3cret').toString('base64')}` };
  let directory: string;
  let daemon: Daemon;
  let port: number;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'portherd-http-'));
    await writeFile(join(directory, 'password'), 's3cret\n', { mode: 0o600 });
    await writeFile(join(directory, 'token'), 'tok\n', { mode: 0o600 });
    port = await freePort();
    const http = {
      port,
      username: 'operator',
      passwordFile: join(directory, 'password'),
      tokenFile: join(directory, 'token'),
    };
    daemon = await startDaemon({ programs: { web }, supervisor: { http } });
  });
  afterAll(async () => {
    await daemon?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  test.each([
    ['a password', user],
    ['a token', { authorization: 'Bearer tok' }],
  ])('is for those with %s, in XML and in JSON', async (_, headers) => {
    const body = callXml('supervisor.getAPIVersion');
    expect((await askHttp(port, { body, headers })).text).toContain('3.0');
    expect((await askHttp(port, { method: 'GET', path: '/v1/status', headers })).status).toBe(200);
  });

  test.each([
    ['none', {}],
    ['wrong ones', { authorization: `Basic ${Buffer.from('operator:secret').toString('base64')}` }],
    ['half of them', { authorization: `Basic ${Buffer.from('operator').toString('base64')}` }],
    ['no base64', { authorization: 'Basic ::::' }],
  ])('with %s for credentials nothing is answered but 401', async (_, headers) => {
    for (const [method, path] of [
      ['POST', '/RPC2'],
      ['GET', '/v1/status'],
      ['POST', '/v1/shutdown'],
      ['GET', '/logtail/web:0'],
      ['GET', '/mainlogtail'],
      ['GET', '/nothing'],
    ] as const) {
      const reply = await askHttp(port, { method, path, headers, ...(method === 'POST' && { body: 'x' }) });
      expect([path, reply.status, reply.headers['www-authenticate']]).toEqual([path, 401, 'Basic realm="portherd"']);
    }
  });

  test('a name that somebody has pointed here, and a page from elsewhere, get 403', async () => {
    const body = callXml('supervisor.shutdown');
    expect((await askHttp(port, { body, headers: { ...user, host: 'evil.example.com' } })).status).toBe(403);
    expect((await askHttp(port, { body, headers: { ...user, origin: 'http://evil.example.com' } })).status).toBe(403);
    expect((await callRpc(daemon.socket, 'supervisor.getState')).text).toContain('RUNNING');
  });

  test('is there again after a reload', async () => {
    const asked = (): Promise<{ status: number }> =>
      askHttp(port, { body: callXml('supervisor.getPID'), headers: user });
    const started = daemon.log.length;
    expect((await askHttp(port, { body: callXml('supervisor.restart'), headers: user })).status).toBe(200);
    await until(() => daemon.log.slice(started).some(({ event }) => event === 'httpOpen'), { what: 'the port' });
    expect((await asked()).status).toBe(200);
  });

  test('that is taken, or whose password cannot be read, keeps a daemon from starting, and says so', async () => {
    for (const [http, says] of [
      [{ port }, `127.0.0.1 port ${port}`],
      [{ port: await freePort(), tokenFile: '/nowhere/token' }, 'supervisor.http.tokenFile'],
    ] as const) {
      await using other = await startDaemon({ programs: { web }, supervisor: { http }, wait: 'nothing' });
      expect((await other.exited).code).toBe(2);
      expect(other.output).toContain(says);
    }
  });
});

async function outputOf({ socket }: Daemon): Promise<string> {
  return (await callRpc(socket, 'supervisor.readProcessStdoutLog', 'web:0', 0, 0)).text;
}

/** The status; the stream itself goes on until it is aborted. */
function startStream(socket: string, path: string, signal: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const asked = request({ socketPath: socket, path, agent: false, signal }, (response) => {
    response.on('error', () => undefined).resume();
    resolve(response.statusCode ?? 0);
  });
  asked.on('error', reject);
  asked.end();
  return promise;
}
