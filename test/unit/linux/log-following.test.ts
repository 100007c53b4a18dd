import { expect, test } from 'vitest';
import { followLog } from '../../../src/linux/log-following.ts';

test.each(['/dev/null', '/dev/full', '/tmp'])('%s is no log that could be followed', async (path) => {
  const followed = await followLog(path, 100, async () => undefined, AbortSignal.timeout(2_000));
  expect(followed).toMatchObject({
    error: { code: 'LOG_UNUSABLE', message: `cannot follow the log ${path}: it is not a regular file` },
  });
});
