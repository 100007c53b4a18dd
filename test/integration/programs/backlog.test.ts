import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { ConnectionsReply } from '../../../src/protocol/control.ts';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { getText } from '../../harness/get-text.ts';
import { inNamespace, namespaceMissing } from '../../harness/network-namespace.ts';
import { until } from '../../harness/until.ts';

/** The queue in front of each worker is as long as the config says, whatever the app's own listen() asks for. */
function start(app: string, workers: number, backlog: number): Promise<Daemon> {
  const listen = [{ port: 0, host: '127.0.0.1', backlog }];
  return startDaemon({ programs: { web: { command: [process.execPath, app], workers, listen } } });
}

async function shown(daemon: Daemon): Promise<(number | undefined)[]> {
  const { programs }: ConnectionsReply = (await daemon.api('GET', '/v1/connections')).json();
  return (programs[0]?.slots ?? []).map(({ backlog }) => backlog);
}

function ofKernel(port: number): number[] {
  const rows = execFileSync('ss', ['-Hltn', `sport = :${port}`], { encoding: 'utf8' });
  return [...rows.matchAll(/^LISTEN +\d+ +(\d+) /gm)].map(([, backlog]) => Number(backlog));
}

test('is the config’s, also after the app’s own listen()', async () => {
  await using daemon = await start('plain-http.cjs', 2, 777);
  expect(ofKernel(daemon.port())).toEqual([777, 777]);
  expect(await shown(daemon)).toEqual([777, 777]);
});

test('is the config’s again after the app has closed its server and listened again', async () => {
  await using daemon = await start('relisten.cjs', 1, 300);
  const what = 'the backlog to be 300 again';
  await getText(daemon.port(), '/again');
  expect(await getText(daemon.port())).toMatch(/^pid \d+$/);
  await until(() => ofKernel(daemon.port()).join() === '300', { what });
});

test('that net.core.somaxconn cuts is a warning in the log', async ({ skip }) => {
  const missing = await namespaceMissing();
  if (missing !== undefined) console.warn(`skipped: ${missing}`);
  skip(missing !== undefined, missing);
  const sysctls = { 'net.core.somaxconn': '128' };
  const found = (await inNamespace({ sysctls, script: 'namespace-backlog-main.ts' })).json();
  expect(found.warnings).toMatchObject([{ event: 'backlogCut', program: 'web', wanted: 1_000, got: 128 }]);
  expect(found.backlog).toBe(128);
});
