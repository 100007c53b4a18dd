import { describe, expect, test } from 'vitest';
import {
  backupName,
  type Backup,
  compressible,
  cutLength,
  expired,
  isDue,
  makeRoom,
  parseBackup,
  surplus,
} from '../../../src/core/log-rotation.ts';

const plain = (number: number): Backup => ({ number, compressed: false });
const gz = (number: number): Backup => ({ number, compressed: true });
const policy = { maxSize: 100, keep: 3, compress: true, maxAge: 1_000 };

test('a log is due when it has reached its size, and never when that is never', () => {
  expect([99, 100, 101].map((size) => isDue(size, policy))).toEqual([false, true, true]);
  expect(isDue(1e15, { maxSize: 'never' })).toBe(false);
});

test('what is cut off is whole blocks, and never all', () => {
  expect([0, 1, 4_096, 4_097, 8_192, 8_193].map((size) => cutLength(size, 4_096))).toEqual([
    0, 0, 0, 4_096, 4_096, 8_192,
  ]);
});

test('the names of backups are read as they are written, and nothing else is a backup', () => {
  for (const backup of [plain(1), gz(2), plain(10), gz(999)]) {
    expect(parseBackup('web.log', backupName('web.log', backup))).toEqual(backup);
  }
  for (const other of [
    'web.log',
    'web.log.0',
    'web.log.01',
    'web.log.1.bz2',
    'web.log.gz',
    'web.log.1.gz.gz',
    'webxlog.1',
    'web.log.copy',
  ]) {
    expect(parseBackup('web.log', other)).toBeUndefined();
  }
});

describe('making room for the next backup', () => {
  test('moves all up, the oldest first, and removes what is too many', () => {
    expect(makeRoom([plain(1), gz(2), gz(3)], 3)).toEqual([
      { do: 'remove', backup: gz(3) },
      { do: 'rename', backup: gz(2), to: gz(3) },
      { do: 'rename', backup: plain(1), to: plain(2) },
    ]);
  });

  test('removes all that a smaller keep leaves no room for', () => {
    expect(makeRoom([plain(1), gz(2), gz(3), gz(7)], 1)).toEqual(
      [1, 2, 3, 7].map((number) => ({ do: 'remove', backup: number === 1 ? plain(1) : gz(number) })),
    );
  });

  test('moves nothing that is beyond a gap, so that an interrupted move is not done twice', () => {
    // .3 and .2 had moved up, .1 had not.
    expect(makeRoom([plain(1), gz(3), gz(4)], 5)).toEqual([{ do: 'rename', backup: plain(1), to: plain(2) }]);
    expect(makeRoom([gz(2), gz(3)], 5)).toEqual([]);
  });

  test('takes a backup that is there both plain and compressed along', () => {
    expect(makeRoom([plain(1), plain(2), gz(2)], 5).map((step) => step.backup)).toEqual([plain(2), gz(2), plain(1)]);
  });

  test.each([0, 1, 2, 5, 9])('leaves at most %d with the new one, wherever it was interrupted', (keep) => {
    const names = new Set([1, 2, 3, 4, 5, 6, 7].map((number) => backupName('l', plain(number))));
    const backups = (): Backup[] => [...names].flatMap((name) => parseBackup('l', name) ?? []);
    for (let interruptions = 0; names.has('l.1'); interruptions++) {
      expect(interruptions).toBeLessThan(20);
      const [step] = makeRoom(backups(), keep);
      if (step === undefined) break;
      names.delete(backupName('l', step.backup));
      if (step.do === 'rename') {
        expect(names.has(backupName('l', step.to))).toBe(false);
        names.add(backupName('l', step.to));
      }
    }
    expect(names.has('l.1')).toBe(false);
  });
});

test('what is removed before the copy is what the new backup will push out', () => {
  expect(surplus([plain(1), gz(2), gz(3)], 3)).toEqual([gz(3)]);
  expect(surplus([plain(1), gz(3)], 3)).toEqual([]);
  expect(surplus([plain(1), gz(2), gz(3)], 4)).toEqual([]);
  expect(surplus([plain(1), gz(2), gz(5)], 2)).toEqual([gz(2), gz(5)]);
  expect(surplus([plain(1)], 0)).toEqual([plain(1)]);
});

test('all but the newest are compressed, once, if that is wanted', () => {
  expect(compressible([plain(1), plain(2), gz(3)], policy)).toEqual([plain(2)]);
  expect(compressible([plain(1), plain(2)], { ...policy, compress: false })).toEqual([]);
});

test('what is older than maxAge has expired', () => {
  const backups = [{ ageMs: 1_000 }, { ageMs: 1_001 }];
  expect(expired(backups, policy)).toEqual([{ ageMs: 1_001 }]);
  expect(expired(backups, { ...policy, maxAge: 'never' })).toEqual([]);
});
