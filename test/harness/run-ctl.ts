import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Answers, type Asked, fakeControl } from './fake-control.ts';

const root = join(import.meta.dirname, '../..');

/** portherdctl as it is shipped: bundled into a directory of its own, with a compile cache of its own. */
export interface Ctl extends AsyncDisposable {
  readonly file: string;
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function buildCtl(): Promise<Ctl> {
  const directory = await mkdtemp(join(tmpdir(), 'portherd-ctl-'));
  await promisify(execFile)(join(root, '.ci/build'), ['ctl', directory]);
  const { FORCE_COLOR: _forced, NO_COLOR: _none, PORTHERD_SOCKET: _socket, ...env } = process.env;
  return {
    file: join(directory, 'ctl.js'),
    directory,
    env: { ...env, XDG_CACHE_HOME: join(directory, 'cache'), TERM: 'xterm' },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

export interface RunOptions {
  readonly node?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** A command that runs it, such as setpriv(1) with its options. */
  readonly under?: readonly string[];
  /** What its stdin holds; nothing unless given. */
  readonly input?: string;
}

export function startCtl(
  ctl: Ctl,
  args: readonly string[],
  { node = process.execPath, env, under = [], input }: RunOptions = {},
): ChildProcess {
  const [command = node, ...rest] = [...under, node, ctl.file, ...args];
  const stdin = input === undefined ? 'ignore' : 'pipe';
  const child = spawn(command, rest, { env: { ...ctl.env, ...env }, stdio: [stdin, 'pipe', 'pipe'], timeout: 30_000 });
  child.stdin?.end(input);
  return child;
}

export async function runCtl(ctl: Ctl, args: readonly string[], options?: RunOptions): Promise<Ran> {
  return await ranOf(startCtl(ctl, args, options));
}

/** Runs one command against a fake daemon with these answers. */
export async function askFake(
  ctl: Ctl,
  answers: Answers,
  args: readonly string[],
): Promise<Ran & { asked: readonly Asked[] }> {
  await using daemon = await fakeControl(answers);
  const ran = await runCtl(ctl, ['-s', daemon.socketPath, ...args]);
  return { ...ran, asked: daemon.asked };
}

/**
 * On a terminal (script(1) makes it), by default of 100 columns; 0 is one without a size. stdout and stderr are one there, lines
 * end with CR LF.
 */
export async function runOnTerminal(ctl: Ctl, args: readonly string[], options?: TerminalOptions): Promise<Ran> {
  const child = startOnTerminal(ctl, args, options);
  child.stdin?.end();
  return await ranOf(child);
}

export interface TerminalOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly columns?: number;
}

/** What is written to its stdin is typed. */
export function startOnTerminal(
  ctl: Ctl,
  args: readonly string[],
  { env = {}, columns = 100 }: TerminalOptions = {},
): ChildProcess {
  const line = [`stty cols ${columns};`, 'exec', process.execPath, ctl.file, ...args].join(' ');
  return spawn('script', ['-qec', line, '/dev/null'], {
    env: { ...ctl.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: 30_000,
  });
}

export async function ranOf(child: ChildProcess): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}
