import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { within } from './until.ts';

export interface Script extends AsyncDisposable {
  readonly pid: number;
  /** The next line of its output. Rejects at its end and after half a minute. */
  readonly line: () => Promise<string>;
  /** All that it prints until it ends by itself. */
  readonly output: () => Promise<string>;
  /** SIGKILL; resolves when it is gone. */
  readonly kill: () => Promise<void>;
}

/** A few lines of ES module in a node of their own, killed when the test ends. */
export function startScript(source: string): Script {
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let lines: AsyncIterator<string> | undefined;
  const line = async (): Promise<string> => {
    lines ??= createInterface(child.stdout)[Symbol.asyncIterator]();
    const next = await within(30_000, lines.next());
    if (next === undefined || next.done === true) throw new Error('the script printed no line');
    return next.value;
  };
  const output = async (): Promise<string> => {
    const all = await within(30_000, text(child.stdout));
    if (all === undefined) throw new Error('the script did not end');
    return all;
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return { pid: child.pid ?? 0, line, output, kill, [Symbol.asyncDispose]: kill };
}
