import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allPids, statOf } from '../../src/linux/procfs.ts';
import { type Answers, fakeControl } from '../harness/fake-control.ts';
import { buildCtl, type Ctl, ranOf, runCtl, startOnTerminal } from '../harness/run-ctl.ts';
import { programStatus, slotStatus, statusReply } from '../harness/status-fixture.ts';
import { until } from '../harness/until.ts';

/** portherdctl without a command: a shell, for people and for pipes. */
let ctl: Ctl;

beforeAll(async () => {
  ctl = await buildCtl();
});

afterAll(() => ctl[Symbol.asyncDispose]());

const web = programStatus('web', [slotStatus('web', 0), slotStatus('web', 1)]);
const running: Answers = {
  'GET /v1/status': statusReply([web]),
  'POST /v1/stop': [{ name: 'web:1' }],
  'POST /v1/shutdown': { pid: 4 },
};
const row = 'web:0                            RUNNING   pid 4000, uptime 0:01:02\n';

async function pipe(input: string, ...args: string[]) {
  await using daemon = await fakeControl(running);
  const ran = await runCtl(ctl, ['-s', daemon.socketPath, ...args], { input });
  return { ...ran, routes: daemon.asked.map(({ route }) => route) };
}

describe('lines of a pipe', () => {
  test('are commands, after the status, and the exit code is 0 whatever they do', async () => {
    const { code, stdout } = await pipe('status web:0\n\nnope\npid web:1\nexit\npid\n');
    expect(code).toBe(0);
    expect(stdout.slice(stdout.indexOf('web:1'))).toBe(
      `web:1                            RUNNING   pid 4001, uptime 0:01:02\n${row}*** Unknown syntax: nope\n4001\n`,
    );
  });

  test.each(['quit', 'EOF', ''])('end with %j', async (word) => {
    expect((await pipe(`${word}\n${word === '' ? '' : 'stop all\n'}`)).routes).toEqual(['GET /v1/status']);
  });

  test('may have quotes, and a last line without an end', async () => {
    const { stdout } = await pipe("pid 'web:0'\npid 'web\npid web:1");
    expect(stdout).toMatch(/4000\nError: a quote is not closed\n4001\n$/);
  });

  test('that no process could be started with are refused, and the shell goes on', async () => {
    const { code, stdout } = await pipe(`pid ${'x'.repeat(200_000)}\npid a\0b\npid web:1\n`);
    expect([code, stdout.match(/^Error: a line has at most .*$/gm)?.length]).toEqual([0, 2]);
    expect(stdout).toMatch(/4001\n$/);
  });

  test('shutdown and reload need a y in the next one', async () => {
    expect((await pipe('shutdown\nno\nreload\n\n')).routes).toEqual(['GET /v1/status']);
    expect((await pipe('shutdown\ny\n', '--no-color')).routes).toContain('POST /v1/shutdown');
  });

  test('options of the shell are those of its commands', async () => {
    const { stdout } = await pipe('pid\n', '--json');
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => Object.keys(JSON.parse(line))),
    ).toEqual([['daemon', 'programs'], ['pid']]);
  });

  test('after a command with -i too', async () => {
    const { code, stdout } = await pipe('pid web:1\n', '-i', 'pid', 'web:0');
    expect([code, stdout]).toEqual([0, '4000\n4001\n']);
  });

  test('open goes on with another daemon', async () => {
    const other = programStatus('other', [slotStatus('other', 0)]);
    await using second = await fakeControl({ 'GET /v1/status': statusReply([other]) });
    const { stdout } = await pipe(`open unix://${second.socketPath}\npid other:0\nopen ftp://x\npid web:0\n`);
    expect(stdout).toMatch(
      /other:0 +RUNNING.*\n4000\nERROR: url must be http:\/\/ or unix:\/\/\nNo such process web:0\n$/,
    );
  });

  test('a daemon that is away is told for each, and the shell stays', async () => {
    const { code, stdout } = await runCtl(ctl, ['-s', '/nonexistent.sock'], { input: 'pid\nversion\n' });
    expect([code, stdout]).toEqual([0, 'unix:///nonexistent.sock no such file\n'.repeat(3)]);
  });
});

/** A person at the shell's terminal. */
class Person {
  readonly #child: ChildProcess;
  readonly ended: ReturnType<typeof ranOf>;
  seen = '';

  constructor(args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = startOnTerminal(ctl, args, { env });
    this.ended = ranOf(this.#child);
    this.#child.stdout?.on('data', (text: string) => (this.seen += text));
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** What the terminal sends the shell for a Ctrl-C that finds it neither reading a line nor running a command. */
  interruptShell(): void {
    const shells = allPids().filter((pid) => statOf(pid)?.ppid === this.#child.pid);
    for (const pid of shells) process.kill(pid, 'SIGINT');
    expect(shells.length).toBe(1);
  }

  /** Until this is shown, after what was waited for before. */
  async sees(text: string): Promise<void> {
    await until(() => this.seen.includes(text), { what: JSON.stringify(text), explain: () => this.seen });
    this.seen = this.seen.slice(this.seen.indexOf(text) + text.length);
  }
}

function state(name: string): NodeJS.ProcessEnv {
  return { XDG_STATE_HOME: join(ctl.directory, name), NO_COLOR: '1' };
}

const ctrlC = '\u0003';
const ctrlD = '\u0004';
const prompt = 'portherd> ';

describe('on a terminal', () => {
  test('it greets with the status, completes names that the daemon knows, and ends with Ctrl-D', async () => {
    await using daemon = await fakeControl(running);
    const person = new Person(['-s', daemon.socketPath], state('one'));
    await person.sees('web:1');
    await person.sees(prompt);
    person.type('vers\t');
    await person.sees('version ');
    person.type(`${ctrlC}stop w`);
    await person.sees('stop w');
    person.type('\t');
    await person.sees('eb');
    person.type(':1\r');
    await person.sees('web:1: stopped');
    await person.sees(prompt);
    expect(daemon.asked.at(-1)).toMatchObject({ route: 'POST /v1/stop', body: { names: ['web:1'] } });
    person.type(ctrlD);
    expect((await person.ended).code).toBe(0);
    expect(await readFile(join(ctl.directory, 'one/portherd/history'), 'utf8')).toBe('stop web:1\n');
  });

  test('Ctrl-C ends a command and not the shell, and what was typed before is there again', async () => {
    await using daemon = await fakeControl({ ...running, 'POST /v1/roll': () => {} });
    const person = new Person(['-s', daemon.socketPath, '-r', join(ctl.directory, 'rolls')], state('two'));
    await person.sees(prompt);
    person.type('roll web\r');
    await until(() => daemon.asked.some(({ route }) => route === 'POST /v1/roll'), { what: 'the roll' });
    person.type(ctrlC);
    await person.sees('The roll goes on');
    await person.sees(prompt);
    person.type('\u001B[A');
    await person.sees('roll web');
    person.type(`${ctrlC}pid web:0\r`);
    await person.sees('4000');
    person.type('quit\r');
    expect((await person.ended).code).toBe(0);
    expect(await readFile(join(ctl.directory, 'rolls'), 'utf8')).toBe('roll web\npid web:0\nquit\n');
  });

  test('a Ctrl-C between a line and its command, or a command and the next prompt, does not end the shell', async () => {
    await using daemon = await fakeControl(running);
    const person = new Person(['-s', daemon.socketPath], state('five'));
    await person.sees(prompt);
    person.interruptShell();
    person.type('pid web:0\r');
    await person.sees('4000');
    await person.sees(prompt);
    person.interruptShell();
    person.type('pid web:1\r');
    await person.sees('4001');
    await person.sees(prompt);
    person.type(ctrlD);
    expect((await person.ended).code).toBe(0);
  });

  test('it asks before a shutdown; no, Ctrl-C and Ctrl-D keep the daemon', async () => {
    await using daemon = await fakeControl(running);
    const person = new Person(['-s', daemon.socketPath], state('three'));
    for (const answer of ['n\r', ctrlC, ctrlD, '\r']) {
      await person.sees(prompt);
      person.type('shutdown\r');
      await person.sees('y/N? ');
      person.type(answer);
    }
    await person.sees(prompt);
    person.type('shutdown\r');
    await person.sees('y/N? ');
    expect(daemon.asked.map(({ route }) => route)).not.toContain('POST /v1/shutdown');
    person.type('y\r');
    await until(() => daemon.asked.some(({ route }) => route === 'POST /v1/shutdown'), { what: 'the shutdown' });
    await daemon.close();
    await person.sees('Shut down');
    await person.sees(prompt);
    person.type('exit\r');
    expect((await person.ended).code).toBe(0);
  });

  test('lines that are pasted together are shown and run one after the other', async () => {
    await using daemon = await fakeControl(running);
    const person = new Person(['-s', daemon.socketPath], state('four'));
    await person.sees(prompt);
    person.type('pid web:0\rpid web:1\rpi');
    await person.sees('4000');
    await person.sees(`${prompt}pid web:1`);
    await person.sees('4001');
    await person.sees('pi');
    person.type('d web:0\r');
    await person.sees('4000');
    await person.sees(prompt);
    person.type(ctrlD);
    expect((await person.ended).code).toBe(0);
  });
});
