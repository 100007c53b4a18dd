import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { floodThrough, logOf, say, small, talks } from '../../harness/log-scene.ts';
import { until } from '../../harness/until.ts';

/** Logs as portherdctl shows them. */

describe('tail', () => {
  test('shows the last 1600 bytes of stdout, or others, and ends with 1 where there is none', async () => {
    await using daemon = await startDaemon({
      programs: {
        web: talks({ workers: 2 }),
        mute: talks({ workers: 1, logs: { stdout: 'none', stderr: 'inherit' } }),
      },
    });
    expect(await daemon.ctl('tail', 'web:0')).toMatchObject({ exitCode: 0, stdout: 'slot 0 talks\n\n' });
    await say(daemon, 'err', 'ä€'.repeat(600));
    const said = [await daemon.ctl('tail', 'web:0', 'stderr'), await daemon.ctl('tail', 'web:1', 'stderr')];
    const [stderr = ''] = said.map(({ stdout }) => stdout).filter((text) => text.length > 10);
    // It may begin within a character, which is U+FFFD here.
    expect(Buffer.byteLength(stderr.replace(/^\uFFFD+/, ''))).toBeLessThanOrEqual(1_601);
    expect(stderr).toMatch(/(ä€)+\n\n$/);
    const few = await daemon.ctl('tail', '-7', 'web:0');
    expect(few).toMatchObject({ exitCode: 0, stdout: ' talks\n\n' });

    expect((await daemon.ctl('tail', 'web:*')).stdout.split('\n').toSorted()).toEqual([
      '',
      'web:0 | slot 0 talks',
      'web:1 | slot 1 talks',
    ]);
    expect(JSON.parse((await daemon.ctl('--json', 'tail', 'web:1')).stdout)).toEqual({
      name: 'web:1',
      stream: 'stdout',
      text: 'slot 1 talks\n',
    });

    expect(await daemon.ctl('tail', 'nope')).toMatchObject({
      exitCode: 1,
      stdout: 'nope: ERROR (no such process name)\n',
    });
    const none = await daemon.ctl('tail', 'mute:0');
    expect(none).toMatchObject({ exitCode: 1, stdout: 'mute:0: ERROR (no log file)\n' });
    expect(none.stderr).toContain('stdout of mute:0 is thrown away');
    const inherited = await daemon.ctl('tail', 'mute:0', 'stderr');
    expect(inherited.stderr).toContain('journalctl -u portherd');
    for (const [words, text] of [
      [['tail'], 'Error: too few arguments'],
      [['tail', 'web:0', 'stdin'], 'Error: bad channel stdin'],
      [['tail', 'web:0', 'stdout', 'x'], 'Error: too many arguments'],
      [['tail', '-x1', 'web:0'], 'unknown option'],
    ] as const) {
      const refused = await daemon.ctl(...words);
      expect(refused.stdout + refused.stderr).toContain(text);
      expect(refused.exitCode).not.toBe(0);
    }
  });

  test('-f shows what every worker writes, with its name in front, through rotations and until Ctrl-C', async () => {
    await using daemon = await startDaemon({
      programs: { web: talks({ workers: 2, logs: small }) },
      supervisor: { logLevel: 'debug' },
    });
    const following = daemon.startCtl('tail', '-f', '-1', 'web:*');
    await heardOfAll(daemon, following, ['web:0', 'web:1']);
    const told = await floodThrough(daemon, 3);
    const { printed } = following;
    const heard = (slot: number): number[] =>
      [...printed.stdout.matchAll(new RegExp(`^web:${slot} \\| ${slot}/(\\d+) x{80}$`, 'gm'))].map(([, n]) =>
        Number(n),
      );
    await until(() => told.every((lines, slot) => heard(slot).length >= lines), {
      what: `${told.join(' and ')} lines to be shown`,
      explain: () => [heard(0).length, heard(1).length, printed.stderr],
    });
    expect([heard(0), heard(1)]).toEqual(told.map((lines) => Array.from({ length: lines }, (_, at) => at)));
    following.kill('SIGINT');
    expect((await following.ended).exitCode).toBe(0);
    expect(printed.stderr).not.toContain('missing');
  });

  test('of a file that one may not read comes from the daemon, which follows it too', async () => {
    await using daemon = await startDaemon({
      programs: { web: talks({ logs: small }) },
      supervisor: { logLevel: 'debug' },
    });
    const ask = { name: 'web:0', stream: 'stdout' };
    expect((await daemon.api('POST', '/v1/logs/where', ask)).json()).toEqual([
      { name: 'web:0', path: logOf(daemon, 'web-0.stdout.log') },
    ]);
    const read = await daemon.api('POST', '/v1/logs/read', { ...ask, offset: -6, length: 0 });
    expect(read.json()).toEqual({ base64: Buffer.from('talks\n').toString('base64'), size: 13 });
    for (const [body, status] of [
      [{ ...ask, offset: -6, length: 6 }, 400],
      [{ ...ask, offset: 0.5, length: 6 }, 400],
      [{ ...ask, name: '../../etc/passwd', offset: 0, length: 0 }, 404],
      [{ stream: 'stdout', offset: 0, length: 0 }, 404],
    ] as const)
      expect((await daemon.api('POST', '/v1/logs/read', body)).status).toBe(status);

    await using follower = await followByApi(daemon, { ...ask, before: 0 });
    await until(() => follower.lines > 0, { what: 'the daemon to follow' });
    const [told = 0] = await floodThrough(daemon, 2);
    await until(() => follower.text.endsWith(`0/${told - 1} ${'x'.repeat(80)}\n`), {
      what: 'the last line',
      explain: () => follower.text.slice(-200),
    });
    const numbers = [...follower.text.matchAll(/^0\/(\d+) /gm)].map(([, n]) => Number(n));
    expect(numbers).toEqual(Array.from({ length: told }, (_, at) => at));
  });
});

test('clear empties both logs of a worker that writes on', async () => {
  await using daemon = await startDaemon({ programs: { web: talks({ workers: 2 }) } });
  expect(await daemon.ctl('clear')).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('clear requires a process name'),
  });
  expect(await daemon.ctl('clear', 'web:0', 'nope')).toMatchObject({
    exitCode: 1,
    stdout: 'web:0: cleared\nnope: ERROR (no such process)\n',
  });
  expect(statSync(logOf(daemon, 'web-0.stdout.log')).size).toBe(0);
  expect(statSync(logOf(daemon, 'web-1.stdout.log')).size).toBeGreaterThan(0);
  expect((await daemon.ctl('clear', 'all')).stdout).toBe('web:0: cleared\nweb:1: cleared\n');
  await until(async () => (await say(daemon, 'out', 'again')).startsWith('0'), { what: 'worker 0 to be asked' });
  expect(readFileSync(logOf(daemon, 'web-0.stdout.log'), 'utf8')).toMatch(/^(again\n)+$/);
});

async function heardOfAll(
  daemon: Daemon,
  following: ReturnType<Daemon['startCtl']>,
  names: readonly string[],
): Promise<void> {
  const heard = async (): Promise<boolean> => {
    await say(daemon, 'out', 'hello');
    return names.every((name) => following.printed.stdout.includes(`${name} | hello`));
  };
  await until(heard, { what: 'all workers to be heard', explain: () => following.printed });
}

interface ApiFollower extends AsyncDisposable {
  readonly lines: number;
  readonly text: string;
}

async function followByApi({ socket }: Daemon, body: object): Promise<ApiFollower> {
  const chunks: string[] = [];
  const asked = request({
    socketPath: socket,
    method: 'POST',
    path: '/v1/logs/follow',
    agent: false,
    headers: { 'content-type': 'application/json' },
  });
  asked.end(JSON.stringify(body));
  const [response] = await once(asked, 'response');
  response
    .setEncoding('utf8')
    .on('data', (chunk: string) => chunks.push(chunk))
    .on('error', () => undefined);
  asked.on('error', () => undefined);
  const lines = (): string[] => chunks.join('').split('\n').slice(0, -1);
  return {
    get lines() {
      return lines().length;
    },
    get text() {
      return lines()
        .map((line) => Buffer.from(JSON.parse(line).base64 ?? '', 'base64').toString())
        .join('');
    },
    async [Symbol.asyncDispose]() {
      asked.destroy();
    },
  };
}
