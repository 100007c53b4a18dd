import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as rules from '../../../src/core/log-rotation.ts';
import { loadLibc } from '../../../src/linux/libc.ts';
import { LogKeeper, type WatchedLog } from '../../../src/linux/log-keeper.ts';
import { OneAtATime } from '../../../src/linux/one-at-a-time.ts';
import type { Log, LogFields } from '../../../src/supervisor/ports.ts';
import { until } from '../../harness/until.ts';

const policy = { maxSize: 64 * 1024, keep: 3, compress: false, maxAge: 'never' } as const;

test('backups that are too old go, whatever their number; the log itself stays', async () => {
  await using scene = new Scene();
  const [log, hour] = [scene.log('web.log'), 3_600_000];
  for (const end of ['', '.1', '.2.gz', '.3', '.other']) {
    writeFileSync(`${log}${end}`, 'x');
    const age = end === '.3' ? 0 : (2 * hour) / 1_000;
    utimesSync(`${log}${end}`, Date.now() / 1_000 - age, Date.now() / 1_000 - age);
  }
  scene.keep({ ...policy, path: log, maxAge: hour });
  await until(() => !existsSync(`${log}.1`) && !existsSync(`${log}.2.gz`), { what: 'the old ones to go' });
  expect(['', '.3', '.other'].map((end) => existsSync(`${log}${end}`))).toEqual([true, true, true]);
});

test('a file that several workers share is rotated as one, and what is left of a dead compression goes', async () => {
  await using scene = new Scene();
  const log = scene.log('shared.log');
  writeFileSync(log, 'line\n'.repeat(20_000));
  writeFileSync(`${log}.gz.part`, 'half');
  scene.keep({ ...policy, path: log }, { ...policy, path: log });
  await until(() => scene.count('logRotated') > 0, { what: 'a rotation', explain: () => scene.told });
  expect(readFileSync(`${log}.1`, 'utf8') + readFileSync(log, 'utf8')).toBe('line\n'.repeat(20_000));
  expect(existsSync(`${log}.gz.part`)).toBe(false);
  expect([scene.count('logRotated'), existsSync(`${log}.2`)]).toEqual([1, false]);
});

test('a log that cannot be looked at is told of once, and the others are looked at', async () => {
  await using scene = new Scene();
  const [bad, good] = [scene.log('bad.log'), scene.log('good.log')];
  symlinkSync(bad, bad); // ELOOP
  writeFileSync(good, 'line\n'.repeat(20_000));
  scene.keep({ ...policy, path: bad }, { ...policy, path: good });
  await until(() => existsSync(`${good}.1`), { what: 'a rotation', explain: () => scene.told });
  appendFileSync(good, 'line\n'.repeat(20_000));
  await until(() => existsSync(`${good}.2`), { what: 'the next rotation' });
  expect([scene.count('logRotationFailed'), scene.count('logLookFailed')]).toEqual([1, 0]);
  rmSync(bad);
});

test('a log that cannot be rotated is told of once, and the others are rotated', async () => {
  await using scene = new Scene();
  const [bad, good] = [scene.log('bad.log'), scene.log('good.log')];
  for (const log of [bad, good]) writeFileSync(log, 'line\n'.repeat(20_000));
  // A directory where the copy should be.
  scene.block(join(`${bad}.copy`, 'in the way'));
  scene.keep({ ...policy, path: bad }, { ...policy, path: good });
  await until(() => scene.count('logRotationFailed') === 1 && existsSync(`${good}.1`), {
    what: 'both',
    explain: () => scene.told,
  });
  appendFileSync(good, 'line\n'.repeat(20_000));
  await until(() => existsSync(`${good}.2`), { what: 'the next rotation' });
  expect(scene.count('logRotationFailed')).toBe(1);
  expect(readFileSync(bad, 'utf8')).toBe('line\n'.repeat(20_000));
});

test('devices and missing files are left alone', async () => {
  await using scene = new Scene();
  const log = scene.log('web.log');
  scene.keep({ ...policy, path: '/dev/null' }, { ...policy, path: scene.log('missing.log') }, { ...policy, path: log });
  writeFileSync(log, 'line\n'.repeat(20_000));
  await until(() => existsSync(`${log}.1`), { what: 'the log behind them to be rotated' });
  expect(scene.told.filter(({ level }) => level !== 'debug')).toEqual(
    scene.told.filter(({ event }) => event === 'logRotationLossy'),
  );
});

class Scene implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'portherd-keeper-'));
  readonly told: (LogFields & { level: string })[] = [];
  #keeper: LogKeeper | undefined;

  log(name: string): string {
    return join(this.directory, name);
  }

  count(event: string): number {
    return this.told.filter((line) => line.event === event).length;
  }

  block(path: string): void {
    mkdirSync(path, { recursive: true });
  }

  keep(...logs: readonly WatchedLog[]): void {
    const at = (level: string) => (fields: LogFields) => void this.told.push({ ...fields, level });
    const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    const libc = loadLibc();
    const turns = new OneAtATime();
    this.#keeper = new LogKeeper({
      logs: () => logs,
      rules,
      libc: () => (libc.ok ? libc.value : undefined),
      log,
      turns,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeper?.close();
    rmSync(this.directory, { recursive: true });
  }
}
