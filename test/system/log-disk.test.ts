import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as rules from '../../src/core/log-rotation.ts';
import { rotateLog } from '../../src/linux/rotate-log.ts';
import { startDaemon } from '../harness/daemon.ts';
import { say } from '../harness/log-scene.ts';
import { SmallDisk, smallDiskRefusal } from '../harness/small-disk.ts';
import { until } from '../harness/until.ts';

/** Logs on a disk of their own, in memory, which takes root: what happens when it is full. */

const refusal = await smallDiskRefusal();
if (refusal !== undefined) console.warn(`a full disk is not tested: ${refusal}`);

test.skipIf(refusal !== undefined)(
  'a full disk is told of once, the service goes on, and everything works again when there is room',
  async () => {
    // Room for all logs and backups of three workers, many times over: it must not be full a second time.
    await using disk = await SmallDisk.mount(16);
    await using daemon = await startDaemon({
      programs: {
        web: {
          command: [process.execPath, 'talks.cjs'],
          workers: 2,
          logs: { maxSize: '256KB', keep: 2, compress: false },
        },
      },
      supervisor: { logDir: disk.directory },
    });
    const pids = await daemon.pids('web');
    const count = (event: string): number => daemon.log.filter((line) => line.event === event).length;

    disk.fill();
    await until(
      async () => {
        await say(daemon, 'out', 'x'.repeat(4_000));
        return count('logDiskFull') > 0;
      },
      { what: 'the daemon to say that the disk is full', interval: 10, deadline: 30_000, explain: () => daemon.output },
    );
    expect(disk.free()).toBe(0);
    expect((await daemon.ctl('scale', 'web', '3')).exitCode).toBe(0);
    expect((await daemon.ctl('status')).stdout.match(/RUNNING/g)).toHaveLength(3);
    expect((await daemon.ctl('tail', 'web:0')).exitCode).toBe(0);

    disk.empty();
    await daemon.waitForLog('logDiskFree');
    const log = join(disk.directory, 'web-0.stdout.log');
    await until(
      async () => {
        await say(daemon, 'out', 'room again '.repeat(800));
        return statSync(log).size > 0 && existsSync(`${log}.1`);
      },
      { what: 'the log to be rotated', interval: 5, deadline: 60_000, explain: () => daemon.output },
    );
    expect(readFileSync(log, 'utf8') + readFileSync(`${log}.1`, 'utf8')).toContain('room again');
    expect((await daemon.pids('web')).slice(0, 2)).toEqual(pids);
    expect([count('logDiskFull'), count('logDiskFree')]).toEqual([1, 1]);
  },
);

test.skipIf(refusal !== undefined)(
  'a rotation that finds no room leaves the log as it is, and is made when there is some',
  async () => {
    await using disk = await SmallDisk.mount(1);
    const log = join(disk.directory, 'web.log');
    const lines = 'a line that is to be kept\n'.repeat(20_000);
    writeFileSync(log, lines);
    disk.fill();
    const rotate = () => rotateLog(log, { keep: 2 }, { by: 'truncate', why: '' }, { rules, libc: undefined });
    expect(await rotate()).toMatchObject({ ok: false, error: { code: 'ENOSPC' } });
    expect(readFileSync(log, 'utf8')).toBe(lines);
    expect(readdirSync(disk.directory).toSorted()).toEqual(['filler', 'web.log']);
    disk.empty();
    expect(await rotate()).toEqual({ ok: true, value: lines.length });
    expect(readFileSync(`${log}.1`, 'utf8')).toBe(lines);
  },
);
