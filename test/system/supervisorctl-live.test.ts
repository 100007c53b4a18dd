import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { join } from 'node:path';
import type { RunningCommand } from '../harness/running-command.ts';
import {
  startOnTerminal,
  startSupervisorctl,
  supervisorctl,
  supervisordRefusal,
  typeSupervisorctl,
} from '../harness/supervisord.ts';
import { SupervisordPair } from '../harness/supervisord-pair.ts';
import { until, within } from '../harness/until.ts';

/** What supervisorctl shows as it happens, and what ends or replaces the daemon; for both as far as they are alike. */
const refusal = await supervisordRefusal();
if (refusal !== undefined) console.warn(`supervisorctl is not tested: ${refusal}`);

const asks = `sh -c 'while read -r line; do echo "heard $line"; done'`;
const ticks = `sh -c 'n=0; while n=$((n+1)); do echo "tick $n"; sleep 0.2; done'`;

describe.skipIf(refusal !== undefined)('the real supervisorctl, live,', () => {
  let pair: SupervisordPair;

  beforeAll(async () => {
    pair = await SupervisordPair.start([
      { name: 'ticks', command: ticks, workers: 3, autostart: true },
      { name: 'web', command: 'sleep 1000', workers: 1, autostart: true },
      { name: 'asks', command: asks, workers: 1, autostart: true },
    ]);
    await pair.settled();
  });
  afterAll(() => pair?.[Symbol.asyncDispose]());

  test('tail -f shows the last 1024 bytes, then what comes, until Ctrl-C', async () => {
    const ended = await Promise.all(
      pair.sockets.map(async (socket) => {
        const tail = startSupervisorctl(socket, 'tail', '-f', 'ticks:0');
        await until(() => (tail.printed.stdout.match(/tick \d+\n/g)?.length ?? 0) >= 20, {
          what: `twenty lines from ${socket}`,
          deadline,
          explain: () => tail.printed,
        });
        tail.kill('SIGINT');
        const { exitCode, stdout } = await tail.ended;
        const numbers = [...stdout.matchAll(/^tick (\d+)$/gm)].map(([, n]) => Number(n));
        const gaps = numbers.filter((number, at) => at > 0 && number !== (numbers[at - 1] ?? 0) + 1);
        return { exitCode, first: stdout.split('\n')[0], gaps };
      }),
    );
    expect(ended[1]).toEqual({ exitCode: 0, first: '==> Press Ctrl-C to exit <==', gaps: [] });
    expect(ended[1]).toEqual(ended[0]);
  });

  test('fg sends what is typed on a terminal, until Ctrl-C or Ctrl-D; portherdctl’s shell does, too', async () => {
    const typed = await Promise.all(
      pair.sockets.map(async (socket) => {
        const fg = typeSupervisorctl(socket, 'fg', 'asks:0');
        await hears(fg, 'Ctrl-C');
        for (const word of ['hello', 'wörld']) {
          fg.type(`${word}\n`);
          // With the line's end: what is typed behind would be shown before that.
          await hears(fg, `heard ${word}\r\n`);
        }
        fg.type('\u0003');
        await hears(fg, 'Exiting foreground');
        // It would wait for a thread that waits for output, for half a minute.
        fg.kill('SIGKILL');
        await fg.ended;
        // supervisorctl says what it hears from that thread: where an answer is among the rest is chance. The last line end may be lost.
        return fg.printed.stdout
          .split(/[\r\n]+/)
          .filter(Boolean)
          .toSorted();
      }),
    );
    expect(typed[1]).toEqual(typed[0]);

    const [, socket = ''] = pair.sockets;
    const ctl = join(import.meta.dirname, '../../dist/ctl.js');
    const shell = startOnTerminal([process.execPath, ctl, '-s', socket]);
    await hears(shell, 'portherd> ');
    for (const [at, leave] of ['\u0003', '\u0004'].entries()) {
      shell.type('fg asks\n');
      await hears(shell, 'Press Ctrl-C', at + 1);
      shell.type(`number ${at}\n`);
      await hears(shell, `heard number ${at}`);
      shell.type(leave);
      await hears(shell, 'Exiting foreground', at + 1);
    }
    shell.type('exit\n');
    expect((await shell.ended).exitCode).toBe(0);
  });

  test('maintail -f follows the daemon’s own log', async () => {
    for (const socket of pair.sockets) {
      const tail = startSupervisorctl(socket, 'maintail', '-f');
      await until(() => tail.printed.stdout.length > 200, {
        what: 'the log’s end',
        deadline,
        explain: () => tail.printed,
      });
      const before = tail.printed.stdout.length;
      await supervisorctl(socket, 'restart', 'web:0');
      const more = (): boolean => tail.printed.stdout.length > before + 50;
      await until(more, { what: 'more of it', deadline, explain: () => tail.printed });
      tail.kill('SIGINT');
      expect((await tail.ended).exitCode).toBe(0);
    }
  });

  test('maintail -100 shows the last hundred bytes', async () => {
    for (const socket of pair.sockets) {
      const { exitCode, stdout } = await supervisorctl(socket, 'maintail', '-100');
      expect([exitCode, Buffer.byteLength(stdout)], stdout).toEqual([0, 101]);
    }
  });

  test('tail -f of a process that is not there shows nothing and ends', async () => {
    const [their, our] = await Promise.all(
      pair.sockets.map(async (socket) => {
        const { exitCode, stdout } = await supervisorctl(socket, 'tail', '-f', 'nope');
        return [exitCode, stdout.replaceAll(socket, 'SOCKET')];
      }),
    );
    expect(our).toEqual(their);
  });

  test('status shows what portherdctl shows', async () => {
    const [, socket = ''] = pair.sockets;
    const theirs = await supervisorctl(socket, 'status');
    const ours = await pair.portherd.ctl('status', '--no-color');
    expect([ours.exitCode, rows(ours.stdout)]).toEqual([theirs.exitCode, rows(theirs.stdout)]);
  });

  test('reload replaces the daemon in both; portherd’s processes stay as they are', async () => {
    const before = await Promise.all(pair.sockets.map(pids));
    for (const socket of pair.sockets) {
      const { exitCode, stdout } = await supervisorctl(socket, 'reload');
      expect([exitCode, stdout]).toEqual([0, 'Restarted supervisord\n']);
      await until(async () => (await supervisorctl(socket, 'pid')).exitCode === 0, {
        what: 'the daemon to be back',
        deadline: 60_000,
      });
    }
    await pair.settled();
    const after = await Promise.all(pair.sockets.map(pids));
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).toBe(before[1]);
  });

  test('shutdown ends everything, and says so; then there is nobody to ask', async () => {
    const answers: unknown[][] = [[], []];
    for (const [at, socket] of pair.sockets.entries()) {
      const note = async (...args: readonly string[]): Promise<void> => {
        const { exitCode, stdout } = await supervisorctl(socket, ...args);
        answers[at]?.push([args.join(' '), exitCode, stdout.replaceAll(socket, 'SOCKET')]);
      };
      await note('shutdown');
      const ended: Promise<unknown> = at === 0 ? pair.supervisord.ended : pair.portherd.exited;
      expect(await within(30_000, ended)).toBeDefined();
      for (const late of [['shutdown'], ['status'], ['pid'], ['start', 'web:0'], ['reread'], ['version']])
        await note(...late);
    }
    expect(answers[1]).toEqual(answers[0]);
  });
});

function hears(command: RunningCommand, text: string, times = 1): Promise<unknown> {
  const heard = (): boolean => command.printed.stdout.split(text).length > times;
  return until(heard, { what: text, deadline, explain: () => command.printed });
}

/** ms; a supervisorctl alone takes a second of a busy machine. */
const deadline = 30_000;

function rows(status: string): readonly string[] {
  return status
    .replaceAll(/uptime \S+/g, 'uptime T')
    .trim()
    .split('\n')
    .toSorted();
}

async function pids(socket: string): Promise<string> {
  return (await supervisorctl(socket, 'pid', 'all')).stdout;
}
