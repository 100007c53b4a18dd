import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDaemon } from '../harness/daemon.ts';
import { fakeControl } from '../harness/fake-control.ts';
import { freePort } from '../harness/free-port.ts';
import { puppet } from '../harness/puppet.ts';
import { buildCtl, type Ctl, runCtl } from '../harness/run-ctl.ts';
import { programStatus, slotStatus, statusReply } from '../harness/status-fixture.ts';

/** Which daemon portherdctl asks: by socket, by the config's word, and over TCP with a password. */
let ctl: Ctl;

beforeAll(async () => {
  ctl = await buildCtl();
});

afterAll(() => ctl[Symbol.asyncDispose]());

const running = { 'GET /v1/status': statusReply([programStatus('web', [slotStatus('web', 0)])]) };

describe('-c', () => {
  test('finds the socket that the config names, although its programs are wrong', async () => {
    await using daemon = await fakeControl(running);
    const file = await config('a.yaml', `supervisor: { controlSocket: { path: ${daemon.socketPath} } }\nprograms: 7\n`);
    const env = { PORTHERD_SOCKET: '/nowhere.sock' };
    expect(await runCtl(ctl, ['-c', file, 'pid', 'web:0'], { env })).toMatchObject({ code: 0, stdout: '4000\n' });
  });

  test('a relative path starts at the config, -s wins, and without a path it is where a daemon would put it', async () => {
    await using daemon = await fakeControl(running);
    const relative = await config('b.yaml', 'supervisor: { controlSocket: { path: run/x.sock } }\n');
    expect((await runCtl(ctl, ['-c', relative, 'pid'])).stdout).toBe(
      `unix://${ctl.directory}/run/x.sock no such file\n`,
    );
    expect(await runCtl(ctl, ['-c', relative, '-s', daemon.socketPath, 'pid', 'web:0'])).toMatchObject({ code: 0 });
    const none = await config('c.yaml', 'programs: {}\n');
    const env = { PORTHERD_SOCKET: daemon.socketPath };
    expect(await runCtl(ctl, ['-c', none, 'pid', 'web:0'], { env })).toMatchObject({ code: 0 });
  });

  test.each([
    ['supervisor: { controlSocket: 7 }\n', /^\S+d\.yaml:1:\d+: supervisor\.controlSocket: 7 is not valid/],
    ['supervisor: [\n', /^\S+d\.yaml:\d+:\d+: /],
  ])('%j is refused with its place', async (text, said) => {
    const ran = await runCtl(ctl, ['-c', await config('d.yaml', text), 'pid']);
    expect([ran.code, ran.stdout]).toEqual([2, expect.stringMatching(said)]);
  });
});

test('over TCP a password is asked for, and may come from -p, the environment, the URL or the config', async () => {
  const port = await freePort();
  const passwordFile = join(ctl.directory, 'password');
  await writeFile(passwordFile, 'pa:ss wörd\n');
  const http = { port, username: 'me', passwordFile };
  await using daemon = await startDaemon({ programs: { web: puppet() }, supervisor: { http } });
  const url = `http://127.0.0.1:${port}`;
  const ask = (args: readonly string[], env: NodeJS.ProcessEnv = {}) => runCtl(ctl, [...args, 'pid'], { env });
  const good = { code: 0, stdout: `${daemon.pid}\n` };
  expect(await ask(['-s', url])).toMatchObject({ code: 1, stdout: 'credentials are wanted\n' });
  expect(await ask(['-s', url, '-u', 'me', '-p', 'wrong'])).toMatchObject({ code: 1 });
  expect(await runCtl(ctl, ['-s', url, 'status'])).toMatchObject({ code: 1 });
  expect(await ask(['-s', url, '-u', 'me', '-p', 'pa:ss wörd'])).toMatchObject(good);
  expect(await ask(['-s', url, '-u', 'me'], { PORTHERD_PASSWORD: 'pa:ss wörd' })).toMatchObject(good);
  expect(await ask(['-s', `http://me:pa%3Ass%20w%C3%B6rd@localhost:${port}`])).toMatchObject(good);
  expect(await ask(['-s', url, '-c', daemon.configFile])).toMatchObject(good);
  const opened = await runCtl(ctl, ['-s', '/nowhere.sock', '-u', 'me', '-p', 'pa:ss wörd'], {
    input: `open ${url}\npid\n`,
  });
  expect(opened.stdout.endsWith(`\n${daemon.pid}\n`), opened.stdout).toBe(true);
});

async function config(name: string, text: string): Promise<string> {
  const file = join(ctl.directory, name);
  await writeFile(file, text);
  return file;
}
