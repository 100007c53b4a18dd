import { expect, test } from 'vitest';
import { createProbes } from '../../../src/linux/probes.ts';
import { startTicksOf } from '../../../src/linux/procfs.ts';
import type { Attempt, SteeredConnections } from '../../../src/linux/steered-connection.ts';
import { workerRequest } from '../../harness/worker-request.ts';

const taken = 'every source port is taken';
const elsewhere = 'another process accepted every connection';

test.each([
  { attempts: [{ is: 'noPort' }, { is: 'elsewhere' }, { is: 'noPort' }], says: elsewhere },
  { attempts: [{ is: 'noPort' }, { is: 'waiting' }], says: 'nobody accepted' },
  { attempts: [{ is: 'waiting' }, { is: 'elsewhere' }, { is: 'noPort' }], says: 'nobody accepted' },
  { attempts: [{ is: 'noPort' }], says: taken },
] satisfies { attempts: Attempt[]; says: string }[])('after $attempts it says: $says', async ({ attempts, says }) => {
  const { program } = workerRequest({
    command: ['node'],
    listen: [{ name: 'http', host: '::1', port: 80, backlog: 1 }],
  });
  const probes = createProbes(giving(attempts));
  const ticks = startTicksOf(process.pid) ?? 0;
  const order = {
    program,
    slot: 0,
    process: { pid: process.pid, startTicks: ticks },
    want: 'accept',
    timeoutMs: 60,
  } as const;
  const answer = await probes.probe(order);
  expect(answer).toEqual({ ok: false, error: `${says} ([::1]:80, within 60ms)` });
});

/** The attempts one by one; the last again and again, and once more when the time is up. */
function giving(attempts: readonly Attempt[]): SteeredConnections {
  let next = 0;
  return {
    targets: () => [{ server: { address: '::1', port: 80 }, inode: 1 }],
    attempt: async () => {
      const attempt = attempts[Math.min(next, attempts.length - 1)] ?? { is: 'noPort' };
      next += 1;
      return attempt;
    },
  };
}
