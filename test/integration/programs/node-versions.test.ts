import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodeTooOld } from '../../../src/shared/node-version.ts';
import { startDaemon } from '../../harness/daemon.ts';
import { expectNoLoss } from '../../harness/expect-no-loss.ts';
import { nodeBinary, nodeNames, prepareNodes } from '../../harness/nodes.ts';
import { rollTimes, rollUnderLoad, underLoad } from '../../harness/roll-under-load.ts';
import { runCommand } from '../../harness/running-command.ts';

/** Unmodified apps on every supported Node, the daemon itself on every supported Node, and the refusal of older ones. */
await prepareNodes();

const policy = { roll: { minReady: '0s' }, stop: { idleTimeout: '2s', drainTimeout: '10s' } };

describe.for(nodeNames)('Node %s', (name) => {
  const node = nodeBinary(name);

  test.for(['target-plain.cjs', 'esm.mjs'])(
    'serves %s, and rolls it under load without loss',
    async (app, { skip }) => {
      skip(node === undefined, `there is no Node ${name}`);
      await using daemon = await startDaemon({ programs: { web: { command: [node, app], workers: 2, ...policy } } });
      expectNoLoss(await rollUnderLoad(daemon, 3));
    },
  );

  test('runs the daemon: it rolls, scales and stops under load without loss', async ({ skip }) => {
    if (node === undefined) return skip(`there is no Node ${name}`);
    const web = { command: [process.execPath, 'target-plain.cjs'], workers: 2, ...policy };
    await using daemon = await startDaemon({ node, programs: { web } });
    expect((await daemon.status()).daemon.node.replace(/^v/, '').split('.')[0]).toBe(name);
    const reports = await underLoad(daemon, {
      act: async () => {
        await rollTimes(daemon, 3);
        for (const count of ['4', '1', '2']) {
          const scaled = await daemon.ctl('scale', 'web', count);
          expect(scaled.exitCode, scaled.stderr).toBe(0);
        }
      },
    });
    expectNoLoss(reports);
    expect((await daemon.ctl('stop', 'web')).exitCode).toBe(0);
    expect(daemon.processes().map(({ pid }) => pid)).toEqual([daemon.pid]);
    expect(daemon.log.filter(({ level }) => level !== 'info')).toEqual([]);
    const ended = await daemon.ctl('shutdown');
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(await daemon.exited).toEqual({ code: 0, signal: null });
  });
});

const old = '/usr/bin/node';

describe('an older Node', async () => {
  const version = existsSync(old) ? (await runCommand(old, ['-p', 'process.versions.node'])).stdout.trim() : '99.0.0';
  const isOld = nodeTooOld('', version) !== undefined;

  test.skipIf(!isOld).for([
    ['portherd', 'main.js', ['run', '-c', '/nowhere.yaml']],
    ['portherdctl', 'ctl.js', ['status']],
  ] as const)('is refused by %s in one line', async ([tool, file, args]) => {
    const ran = await runCommand(old, [join(import.meta.dirname, '../../../dist', file), ...args]);
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    const refusal = `${tool} needs Node 22.12 or newer, this is ${version}: older ones silently ignore reusePort\n`;
    expect(ran.stderr).toBe(refusal);
  });
});
