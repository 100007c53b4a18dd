import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createLogReading } from '../../../src/linux/log-reading.ts';
import { logReadBytesMax } from '../../../src/shared/limits.ts';
import { logText } from '../../../src/shared/log-text.ts';

const dir = mkdtempSync(join(tmpdir(), 'portherd-logs-'));
afterAll(() => rmSync(dir, { recursive: true }));
const logs = createLogReading();
const path = join(dir, 'web.log');
writeFileSync(path, '0123456789');

test('reads from an offset, and from the end', async () => {
  expect(await Promise.all([text(0, 0), text(3, 4), text(-4, 0), text(99, 5)])).toEqual([
    '0123456789',
    '3456',
    '6789',
    '',
  ]);
  expect(await Promise.all([text(-4, 1), text(0, -1), text(0.5, 0)])).toEqual(['BAD_RANGE', 'BAD_RANGE', 'BAD_RANGE']);
});

test('tails: what is new since an offset, and whether more was', async () => {
  const first = await logs.tail(path, 0, 4);
  expect(first.ok && [logText(first.value.bytes), first.value.offset, first.value.overflow]).toEqual([
    '6789',
    10,
    true,
  ]);
  expect(await logs.tail(path, 10, 4)).toEqual({
    ok: true,
    value: { bytes: new Uint8Array(), offset: 10, overflow: false },
  });
  expect(await logs.tail(path, 0.5, 4)).toMatchObject({ ok: false, error: { code: 'BAD_RANGE' } });
});

test('says that there is no file; of a tail that is nothing', async () => {
  const missing = join(dir, 'missing.log');
  expect(await logs.read(missing, 0, 0)).toMatchObject({ ok: false, error: { code: 'NO_LOG' } });
  expect(await logs.clear(missing)).toMatchObject({ ok: false, error: { code: 'NO_LOG' } });
  expect(await logs.tail(missing, 5, 4)).toEqual({
    ok: true,
    value: { bytes: new Uint8Array(), offset: 0, overflow: false },
  });
});

test('does not wait for a FIFO, and reads no device and no directory', async () => {
  const fifo = join(dir, 'fifo');
  execFileSync('mkfifo', [fifo]);
  for (const no of [fifo, '/dev/zero', dir]) {
    expect(await logs.read(no, 0, 0)).toMatchObject({ ok: false, error: { code: 'NO_LOG' } });
  }
  expect(await logs.read(join(path, 'below'), 0, 0)).toMatchObject({ ok: false, error: { code: 'LOG_UNUSABLE' } });
});

test('gives a large file in parts', async () => {
  const large = join(dir, 'large.log');
  writeFileSync(large, Buffer.alloc(logReadBytesMax + 10, 'x'));
  const read = await logs.read(large, 0, 0);
  expect(read.ok && [read.value.bytes.length, read.value.size]).toEqual([logReadBytesMax, logReadBytesMax + 10]);
  const rest = await logs.read(large, logReadBytesMax, 0);
  expect(rest.ok && rest.value.bytes.length).toBe(10);
});

test('clears a file that others append to', async () => {
  const cleared = join(dir, 'cleared.log');
  writeFileSync(cleared, 'old');
  expect(await logs.clear(cleared)).toEqual({ ok: true, value: undefined });
  appendFileSync(cleared, 'new');
  expect(readFileSync(cleared, 'utf8')).toBe('new');
});

async function text(offset: number, length: number): Promise<string | undefined> {
  const read = await logs.read(path, offset, length);
  return read.ok ? logText(read.value.bytes) : read.error.code;
}
