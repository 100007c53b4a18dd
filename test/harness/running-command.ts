import { spawn } from 'node:child_process';
import type { Json } from './control-client.ts';
import { within } from './until.ts';

/** A command run to its end, with what it printed. */
export interface CommandResult {
  /** 128 + the signal's number would hide a crash: a signal is -1 here, and in `signal`. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as JSON. */
  json(): Json;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly limitMs?: number;
  /** What it may read is typed; otherwise it reads /dev/null. */
  readonly typed?: boolean;
}

/** A command under way. */
export interface RunningCommand {
  readonly ended: Promise<CommandResult>;
  /** So far. */
  readonly printed: { readonly stdout: string; readonly stderr: string };
  kill(signal: NodeJS.Signals): boolean;
  /** With `typed`: text for its standard input, or its end. */
  type(text: string | undefined): void;
}

/** Rejects only when it cannot be started or outlasts `limitMs` (2 minutes); it is then killed. */
export function runCommand(command: string, args: readonly string[], options?: CommandOptions): Promise<CommandResult> {
  return startCommand(command, args, options).ended;
}

export function startCommand(
  command: string,
  args: readonly string[],
  { env = process.env, cwd, limitMs = 120_000, typed = false }: CommandOptions = {},
): RunningCommand {
  const child = spawn(command, args, {
    env,
    stdio: [typed ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  const output = { stdout: '', stderr: '' };
  const { stdin, stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('no pipes');
  stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const { promise, resolve, reject } = Promise.withResolvers<[number | null, NodeJS.Signals | null]>();
  child.on('error', reject);
  child.on('close', (code, signal) => resolve([code, signal]));
  const wait = async (): Promise<CommandResult> => {
    const ended = await within(limitMs, promise);
    if (ended === undefined) {
      child.kill('SIGKILL');
      throw new Error(`${args.join(' ')} ran for more than ${limitMs} ms\n${output.stdout}\n${output.stderr}`);
    }
    const [code, signal] = ended;
    return { exitCode: code ?? -1, signal, ...output, json: () => JSON.parse(output.stdout) };
  };
  const type = (text: string | undefined): void => {
    if (text === undefined) stdin?.end();
    else stdin?.write(text);
  };
  return { ended: wait(), printed: output, kill: (signal) => child.kill(signal), type };
}
