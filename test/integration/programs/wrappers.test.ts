import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectionsReply } from '../../../src/protocol/control.ts';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { fixtureApps } from '../../harness/daemon-config.ts';
import { expectNoLoss } from '../../harness/expect-no-loss.ts';
import { getText } from '../../harness/get-text.ts';
import { rollUnderLoad } from '../../harness/roll-under-load.ts';
import { until } from '../../harness/until.ts';

/** Commands that start a Node server through something else: the preload travels by NODE_OPTIONS, the socket by inheritance. */
const wrappers = [
  ['npm start', ['npm', 'start']],
  ['npx', ['npx', '--no', 'wrapped']],
  ['node --run', ['node', '--run', 'start']],
  ['a shell script', ['./run.sh']],
  ['sh -c', ['sh', '-c', 'node app.cjs']],
  ['a script that begins with #!', ['./shebang']],
] as const;

const rolls = 2;
const workers = 2;
let directory = '';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'portherd-wrapped-'));
  cpSync(join(fixtureApps, 'wrapped'), directory, { recursive: true });
  mkdirSync(join(directory, 'node_modules/.bin'), { recursive: true });
  symlinkSync('../../shebang', join(directory, 'node_modules/.bin/wrapped'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function start(command: readonly string[], count = workers): Promise<Daemon> {
  const stop = { idleTimeout: '2s', drainTimeout: '10s', killTimeout: '10s' };
  const policy = { stop, roll: { minReady: '0s' }, backoff: { initial: '50ms' }, readiness: { timeout: '60s' } };
  return startDaemon({
    programs: { web: { command, directory, workers: count, ...policy } },
    env: { PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) },
    deadline: 60_000,
  });
}

/** What the slot's workers have printed, all lives together. */
async function printed(daemon: Daemon, slot: number): Promise<string> {
  const file = (await daemon.status()).programs[0]?.slots[slot]?.logs.stdout;
  return readFileSync(file ?? '', 'utf8');
}

describe.for(wrappers)('%s', ([, command]) => {
  test('adopts the slot’s socket, rolls under load without loss, is told once to end, and leaves nothing', async () => {
    await using daemon = await start(command);
    const listeners = execFileSync('ss', ['-Hltn', `sport = :${daemon.port()}`], { encoding: 'utf8' });
    expect(listeners.trim().split('\n'), listeners).toHaveLength(workers);

    expectNoLoss(await rollUnderLoad(daemon, rolls));
    // Both are on the channel, and tell each second what is open.
    await until(async () => (await openCounts(daemon)).join() === '0,0', { what: 'both to tell that nothing is open' });

    const stopped = await daemon.ctl('stop', 'web');
    expect(stopped.exitCode, stopped.stderr).toBe(0);
    expect(daemon.processes().map(({ pid }) => pid)).toEqual([daemon.pid]);
    for (let slot = 0; slot < workers; slot++) {
      const ends = (await printed(daemon, slot)).match(/ended by .*/g);
      expect(ends).toEqual(Array(rolls + 1).fill('ended by 1 SIGTERM'));
    }
  });
});

async function openCounts(daemon: Daemon): Promise<(number | undefined)[]> {
  const { programs }: ConnectionsReply = (await daemon.api('GET', '/v1/connections')).json();
  return (programs[0]?.slots ?? []).map(({ open }) => open);
}

async function uptimeMs(daemon: Daemon): Promise<number> {
  return (await daemon.status()).programs[0]?.slots[0]?.uptimeMs ?? 0;
}

/** Kills the process that serves, whoever started it; answers with the text of the next one. */
async function killServer(daemon: Daemon): Promise<{ before: number; after: number }> {
  const before = Number((await getText(daemon.port())).split(' ')[1]);
  process.kill(before, 'SIGKILL');
  const after = Number((await getText(daemon.port())).split(' ')[1]);
  return { before, after };
}

describe('a server that dies within its wrapper', () => {
  test.for([
    ['npm', ['npm', 'start']],
    ['a shell script', ['./run.sh']],
  ] as const)('ends %s too, and the next one serves who waited', async ([, command]) => {
    await using daemon = await start(command, 1);
    const { before, after } = await killServer(daemon);
    expect(after).not.toBe(before);
    expect(await daemon.waitForLog('exited')).toMatchObject({ how: 'exit status 137', expected: false });
  });

  test('is replaced also when its wrapper stays: that is killed', async () => {
    await using daemon = await start(['./stays.sh'], 1);
    const { before, after } = await killServer(daemon);
    expect(after).not.toBe(before);
    expect(await daemon.waitForLog('servingGone')).toMatchObject({ slot: 0, pid: before });
    expect(await daemon.waitForLog('failed')).toMatchObject({ why: 'killed by SIGKILL' });
  });

  test('is nobody’s business when its wrapper starts another at once', async () => {
    await using daemon = await start(['./again.sh'], 1);
    const wrapper = await daemon.pids('web');
    const { before, after } = await killServer(daemon);
    expect(after).not.toBe(before);
    // Longer than a wrapper is given.
    await until(async () => (await uptimeMs(daemon)) > 2_500, { what: 'the wrapper to have been left alone' });
    expect(await daemon.pids('web')).toEqual(wrapper);
    expect(daemon.log.map(({ event }) => event)).not.toContain('exited');
  });
});
