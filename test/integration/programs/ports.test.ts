import { describe, expect, test } from 'vitest';
import { startDaemon } from '../../harness/daemon.ts';
import { expectNoLoss } from '../../harness/expect-no-loss.ts';
import { getText } from '../../harness/get-text.ts';
import { rollUnderLoad } from '../../harness/roll-under-load.ts';
import { type SecureLoad, startSecureLoad } from '../../harness/secure-load.ts';
import { until } from '../../harness/until.ts';

/** Several ports and every kind of address, each rolled under load. */
const rolls = 5;
const policy = { workers: 2, roll: { minReady: '0s' }, stop: { idleTimeout: '2s', drainTimeout: '10s' } };

function program(app: string, listen: readonly object[], environment: Readonly<Record<string, string>> = {}) {
  return { web: { command: [process.execPath, app], listen, environment, ...policy } };
}

describe.for([
  ['127.0.0.1', ['127.0.0.1']],
  ['0.0.0.0', ['127.0.0.1']],
  ['::1', ['::1']],
  ['::', ['127.0.0.1', '::1']],
] as const)('on %s', ([host, clients]) => {
  test(`serves clients of ${clients.join(' and ')}, and loses none in ${rolls} rolls`, async () => {
    // plain-http.cjs names no host: where to listen is the config's decision.
    await using daemon = await startDaemon({ programs: program('plain-http.cjs', [{ port: 0, host }]) });
    const loads = clients.map((client) => ({ port: daemon.port(), host: client }));
    expectNoLoss(await rollUnderLoad(daemon, rolls, loads));
  });
});

test('an address of the other family is refused', async () => {
  const listen = [{ port: 0, host: '0.0.0.0' }];
  await using daemon = await startDaemon({ programs: program('plain-http.cjs', listen) });
  await expect(getText(daemon.port(), '/', '::1')).rejects.toThrow('ECONNREFUSED');
});

test(`HTTP, HTTPS and HTTP/2 of one program lose nothing in ${rolls} rolls`, async () => {
  const yaml = `programs:
  web:
    command: ['${process.execPath}', three-protocols.cjs]
    directory: ${new URL('../../fixtures/apps', import.meta.url).pathname}
    listen: [{port: $port1, host: 127.0.0.1}, {port: $port2, host: '::'}, {port: $port3, host: 0.0.0.0}]
    environment: {HTTPS_PORT: '$port2', HTTP2_PORT: '$port3'}
    workers: 2
    roll: {minReady: 0s}
    stop: {idleTimeout: 3s, drainTimeout: 10s}`;
  await using daemon = await startDaemon({ programs: yaml });
  await using https = startSecureLoad({ port: daemon.port(1), protocol: 'https' });
  await using http2 = startSecureLoad({ port: daemon.port(2), protocol: 'http2' });
  expectNoLoss(await rollUnderLoad(daemon, rolls));
  await expectNone(https);
  await expectNone(http2);
});

async function expectNone(load: SecureLoad): Promise<void> {
  await until(() => load.ok() > 200, { what: 'many answers', explain: () => load.ok() });
  expect((await load.stop()).failures).toEqual([]);
}
