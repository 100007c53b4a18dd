import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import * as rules from '../../../src/core/log-rotation.ts';
import { compressBackup } from '../../../src/linux/compress-log.ts';
import { loadLibc } from '../../../src/linux/libc.ts';
import { findBackups } from '../../../src/linux/log-backups.ts';
import { type Cut, cutOf } from '../../../src/linux/log-cut.ts';
import { OneAtATime } from '../../../src/linux/one-at-a-time.ts';
import { finishRotation, rotateLog } from '../../../src/linux/rotate-log.ts';
import { LineWriter, linesIn } from '../../harness/numbered-lines.ts';
import { Dice } from '../../sim/dice.ts';

const loaded = loadLibc();
if (!loaded.ok) throw new Error(loaded.error.message);
const tools = { rules, libc: loaded.value };
const kilobyte = 1024;

/** Where the temp dir cannot collapse, such as on tmpfs, the lossless way cannot be shown; set TMPDIR to a directory on ext4 or xfs. */
const cut = await cutOf(tmpdir(), loaded.value);
const whole = cut.by === 'collapse';
if (!whole) console.warn(`skipped: lossless rotation; ${tmpdir()}: ${cut.why}`);

/** Memory, where truncating is all there is. */
const memory = '/dev/shm';
const lossy = existsSync(memory) ? await cutOf(memory, loaded.value) : cut;
if (lossy.by === 'collapse') console.warn(`skipped: the fall-back; there is no ${memory} that cannot collapse`);

describe.skipIf(!whole)('where the file system can collapse', () => {
  test('a worker at full speed loses no line in 100 rotations, and each is there once and in order', {
    timeout: 240_000,
  }, async () => {
    await using place = new Place(tmpdir());
    await using writer = new LineWriter(place.log);
    let longest = 0;
    for (let n = 0; n < 100; n++) {
      await place.size(256 * kilobyte);
      const began = performance.now();
      await place.rotate(cut);
      longest = Math.max(longest, performance.now() - began);
    }
    const written = await writer.end();
    const found = linesIn(place.log);
    console.log(`100 rotations, the longest took ${longest.toFixed(0)} ms: ${JSON.stringify(found)}`);
    expect(found).toEqual({ next: written, lost: 0, gaps: 0, twice: 0, broken: 0, backups: 100, compressed: 0 });
    expect(place.files()).toHaveLength(101);
  });

  test('backups that are compressed while they move up lose none either', { timeout: 240_000 }, async () => {
    await using place = new Place(tmpdir());
    await using writer = new LineWriter(place.log);
    const turns = new OneAtATime();
    const abort = new AbortController().signal;
    for (let n = 0; n < 20; n++) {
      await place.size(128 * kilobyte);
      const rotating = turns.run(() => place.rotate(cut));
      for (const backup of rules.compressible(await findBackups(place.log, rules), { compress: true }).slice(0, 3)) {
        await compressBackup(place.log, backup, rules, turns, abort);
      }
      await rotating;
    }
    const written = await writer.end();
    const { compressed, ...found } = linesIn(place.log);
    expect(found).toEqual({ next: written, lost: 0, gaps: 0, twice: 0, broken: 0, backups: 20 });
    expect(compressed).toBeGreaterThan(5);
    expect(place.files().filter((file) => file.endsWith('.part'))).toEqual([]);
  });

  test('a supervisor killed at any moment of a rotation leaves no line out and none twice', {
    timeout: 240_000,
  }, async () => {
    const seed = Date.now() % 100_000;
    console.log(`seed ${seed}`);
    const dice = new Dice(seed);
    await using place = new Place(tmpdir());
    await using writer = new LineWriter(place.log);
    const left: Record<string, number> = {};
    for (let n = 0; n < 25; n++) {
      const main = join(import.meta.dirname, '../../harness/rotate-main.ts');
      const rotator = spawn(process.execPath, [main, place.log, String(64 * kilobyte)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(rotator.stdout, 'data');
      await sleep(dice.below(40));
      const closed = once(rotator, 'close');
      rotator.kill('SIGKILL');
      await closed;
      const finished = await finishRotation(place.log, { keep: 1_000 }, tools);
      expect(finished.ok, finished.ok ? '' : finished.error.why).toBe(true);
      if (finished.ok) left[finished.value] = (left[finished.value] ?? 0) + 1;
    }
    const written = await writer.end();
    const { backups, ...found } = linesIn(place.log);
    console.log(`killed 25 times; found then: ${JSON.stringify(left)}; ${backups} backups`);
    expect(found).toEqual({ next: written, lost: 0, gaps: 0, twice: 0, broken: 0, compressed: 0 });
  });

  test.each([
    ['before the cut', false, 'cut'],
    ['after it', true, 'finished'],
  ])('a log of nothing but equal lines is finished rightly %s', async (_, wasCut, finished) => {
    await using place = new Place(tmpdir());
    writeFileSync(place.log, 'tick\n'.repeat(40_000));
    const dying = { ...tools, libc: dyingAt(wasCut) };
    await expect(rotateLog(place.log, { keep: 3 }, cut, dying)).resolves.toMatchObject({ ok: false });
    // As a death leaves it: what cleans up after an error has not run.
    await place.restore();
    expect(await finishRotation(place.log, { keep: 3 }, tools)).toEqual({ ok: true, value: finished });
    expect(place.text(`${place.log}.1`) + place.text(place.log)).toBe('tick\n'.repeat(40_000));

    /** fallocate that is the last thing the process does, or not even that. */
    function dyingAt(after: boolean): typeof tools.libc {
      return {
        ...tools.libc,
        async fallocateLater(fd, mode, offset, length) {
          await place.save();
          if (after) await tools.libc.fallocateLater(fd, mode, offset, length);
          return { ok: false, error: 'EIO' };
        },
      };
    }
  });
});

describe.skipIf(lossy.by === 'collapse')('where it cannot', () => {
  test('lines that are written in the instant of the cut are lost, and no others; none comes twice', {
    timeout: 240_000,
  }, async () => {
    await using place = new Place(memory);
    await using writer = new LineWriter(place.log);
    for (let n = 0; n < 100; n++) {
      await place.size(256 * kilobyte);
      await place.rotate(lossy);
    }
    const written = await writer.end();
    const { lost, gaps, broken, ...found } = linesIn(place.log);
    console.log(`100 rotations by truncating: ${lost} of ${written} lines lost, at ${gaps} of them`);
    expect(found).toEqual({ next: written, twice: 0, backups: 100, compressed: 0 });
    // The kernel shows a line that crosses a page before all of it is there: its rest may be what is lost.
    expect(broken).toBeLessThanOrEqual(gaps);
    // Once at each cut; how much depends on how long the rotator waits for a core just then, which is up to the machine.
    expect(gaps).toBeLessThanOrEqual(100);
    expect(lost).toBeLessThan(written / 10);
  });

  test('a log that nobody writes to at that instant loses nothing', async () => {
    await using place = new Place(memory);
    for (let n = 0; n < 10; n++) {
      writeFileSync(place.log, `line ${n}\n`.repeat(10_000), { flag: 'a' });
      await place.rotate(lossy);
      expect(statSync(place.log).size).toBe(0);
    }
    expect(place.text(`${place.log}.1`)).toBe('line 9\n'.repeat(10_000));
    expect(place.text(`${place.log}.10`)).toBe('line 0\n'.repeat(10_000));
  });
});

test('with keep 0 the beginning is thrown away', async () => {
  await using place = new Place(tmpdir());
  writeFileSync(place.log, `${'x'.repeat(99)}\n`.repeat(1_000));
  expect(await rotateLog(place.log, { keep: 0 }, cut, tools)).toMatchObject({ ok: true });
  expect(place.files()).toEqual(['web.log']);
  expect(statSync(place.log).size).toBeLessThanOrEqual(8_192);
});

test('a copy is not written through somebody’s symbolic link', async () => {
  await using place = new Place(tmpdir());
  writeFileSync(place.log, 'x'.repeat(20_000));
  const victim = join(place.directory, 'victim');
  writeFileSync(victim, 'precious');
  for (const name of ['copy', 'rotation']) symlinkSync(victim, `${place.log}.${name}`);
  await place.rotate(cut);
  expect(place.text(victim)).toBe('precious');
  expect(place.text(`${place.log}.1`).length).toBeGreaterThan(10_000);
});

class Place implements AsyncDisposable {
  readonly directory: string;
  readonly log: string;
  #saved: readonly { readonly name: string; readonly bytes: Buffer }[] = [];

  constructor(base: string) {
    this.directory = mkdtempSync(join(base, 'portherd-rotate-'));
    this.log = join(this.directory, 'web.log');
  }

  files(): readonly string[] {
    return readdirSync(this.directory);
  }

  text(path: string): string {
    return readFileSync(path, 'utf8');
  }

  /** Until the log has so many bytes. */
  async size(bytes: number): Promise<void> {
    const deadline = performance.now() + 60_000;
    while (statSync(this.log).size < bytes) {
      if (performance.now() > deadline) throw new Error('the log does not grow');
      await nextTurn();
    }
  }

  async rotate(by: Cut): Promise<void> {
    const rotated = await rotateLog(this.log, { keep: 1_000 }, by, tools);
    if (!rotated.ok) throw new Error(rotated.error.why);
  }

  /** What is beside the log now, to be put there again. */
  async save(): Promise<void> {
    const names = this.files().filter((name) => name !== 'web.log');
    this.#saved = names.map((name) => ({ name, bytes: readFileSync(join(this.directory, name)) }));
  }

  async restore(): Promise<void> {
    for (const { name, bytes } of this.#saved) writeFileSync(join(this.directory, name), bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.directory, { recursive: true });
  }
}
