import { existsSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { loadLibc } from '../../../src/linux/libc.ts';
import { cutOf } from '../../../src/linux/log-cut.ts';
import { startDaemon } from '../../harness/daemon.ts';
import { flood, floodThrough, logOf, say, small, talks } from '../../harness/log-scene.ts';
import { until } from '../../harness/until.ts';

/** Logs as the daemon keeps them: the workers' and its own. */

const libc = loadLibc();
const cut = await cutOf(tmpdir(), libc.ok ? libc.value : undefined);
if (cut.by !== 'collapse') console.warn(`skipped: that no line is lost; ${tmpdir()}: ${cut.why}`);

describe('the daemon keeps logs', () => {
  test('within their size and number, the older ones compressed, and says nothing of it', async () => {
    await using daemon = await startDaemon({
      programs: { web: talks({ logs: small }) },
      supervisor: { logLevel: 'debug' },
    });
    const [lines = 0] = await floodThrough(daemon, 5);
    const log = logOf(daemon, 'web-0.stdout.log');
    const left = () =>
      ['.2', '.3', '.4', '.4.gz', '.gz.part', '.rotation', '.copy'].filter((end) => existsSync(`${log}${end}`));
    // A .gz takes its place before the plain one leaves it.
    await until(() => existsSync(`${log}.2.gz`) && existsSync(`${log}.3.gz`) && left().length === 0, {
      what: 'the backups to be compressed',
      explain: left,
    });
    const parts = [
      gunzipSync(readFileSync(`${log}.3.gz`)),
      gunzipSync(readFileSync(`${log}.2.gz`)),
      readFileSync(`${log}.1`),
      readFileSync(log),
    ];
    const numbers = [
      ...Buffer.concat(parts)
        .toString()
        .matchAll(/^0\/(\d+) x{80}$/gm),
    ].map(([, n]) => Number(n));
    expect(numbers.at(-1)).toBe(lines - 1);
    if (cut.by === 'collapse')
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, at) => lines - numbers.length + at));
    // A worker that writes whole logs at once serves nobody meanwhile.
    const told = daemon.log.filter(({ level, event }) => ['warn', 'error'].includes(`${level}`) && event !== 'stalled');
    expect(told).toEqual([]);
  });

  test('and rotates on after it was killed and after a reload, by the options as they are then', async () => {
    await using daemon = await startDaemon({
      programs: { web: talks({ logs: { maxSize: 'never' } }) },
      supervisor: { logLevel: 'debug' },
    });
    await flood(daemon, 2_000);
    await daemon.rewrite({
      programs: { web: talks({ logs: { ...small, compress: false } }) },
      supervisor: { logLevel: 'debug' },
    });
    const [pid] = await daemon.pids('web');
    expect((await daemon.ctl('update')).exitCode).toBe(0);
    await daemon.waitForLog('logRotated');
    await daemon.succeed();
    await flood(daemon, 2_000);
    await daemon.waitForLog('logRotated');
    expect((await daemon.ctl('reload')).exitCode).toBe(0);
    await flood(daemon, 2_000);
    const log = logOf(daemon, 'web-0.stdout.log');
    // While one is under way, a backup has no number or two.
    const rotations = (): number => daemon.log.filter(({ event }) => event === 'logRotated').length;
    await until(() => rotations() === 2 && existsSync(`${log}.3`), { what: 'the third backup' });
    expect(await daemon.pids('web')).toEqual([pid]);
    const all = ['.3', '.2', '.1', ''].map((end) => readFileSync(`${log}${end}`, 'utf8')).join('');
    const numbers = [...all.matchAll(/^0\/(\d+) x{80}$/gm)].map(([, n]) => Number(n));
    if (cut.by === 'collapse') expect(numbers).toEqual(Array.from({ length: 6_000 }, (_, at) => at));
  });
});

describe('the daemon’s own log', () => {
  test('is shown by maintail where it is a file, and opened anew on SIGUSR2', async () => {
    const config = { programs: { web: talks() }, supervisor: { logFile: 'portherd.log' } };
    await using daemon = await startDaemon({ ...config, wait: 'answers' });
    await daemon.waitUntil('ready');
    const file = join(daemon.directory, 'portherd.log');
    const shown = await daemon.ctl('maintail');
    expect(shown.exitCode).toBe(0);
    // It may say more at any time, of a worker that stalls, say.
    expect(shown.stdout).toMatch(/\n\n$/);
    expect(readFileSync(file, 'utf8')).toContain(shown.stdout.slice(0, -1));
    expect(daemon.output).not.toContain('portherd runs');

    const [stdout, pid] = [logOf(daemon, 'web-0.stdout.log'), (await daemon.pids('web'))[0]];
    renameSync(file, `${file}.moved`);
    renameSync(stdout, `${stdout}.moved`);
    daemon.kill('SIGUSR2');
    await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('logsReopened'), { what: 'a new log' });
    const moved = JSON.parse(
      readFileSync(file, 'utf8')
        .split('\n')
        .find((line) => line.includes('logMovedAway')) ?? '{}',
    );
    expect(moved).toMatchObject({ level: 'warn', program: 'web', slot: 0, pid, path: stdout });
    // The worker writes on to the moved one; its successor to the new one.
    await say(daemon, 'out', 'still here');
    expect(readFileSync(`${stdout}.moved`, 'utf8')).toContain('still here');
    expect((await daemon.ctl('roll')).exitCode).toBe(0);
    expect(readFileSync(stdout, 'utf8')).toBe('slot 0 talks\n');
  });

  test('is somebody else’s where it is standard output, and maintail says so', async () => {
    await using daemon = await startDaemon({ programs: { web: talks() } });
    const told = await daemon.ctl('maintail');
    expect(told).toMatchObject({ exitCode: 1, stdout: 'portherd: ERROR (no log file)\n' });
    expect(told.stderr).toContain('supervisor.logFile makes it a file');
    expect((await daemon.ctl('maintail', 'web')).stdout).toContain('Error: too many arguments');
    daemon.kill('SIGUSR2');
    await daemon.waitForLog('logsReopened');
  });

  test('that cannot be opened is an error at the start', async () => {
    await using daemon = await startDaemon({
      programs: { web: talks() },
      supervisor: { logFile: '/nowhere/portherd.log' },
      wait: 'nothing',
    });
    expect((await daemon.exited).code).toBe(2);
    expect(daemon.output).toContain('cannot open supervisor.logFile: ENOENT');
  });
});
