import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export interface Inheritance {
  readonly fds: readonly (number | undefined)[];
  readonly names: readonly string[];
  readonly listen: readonly { readonly name: string; readonly host: string; readonly port: number }[];
  readonly env?: Readonly<Record<string, string>>;
  /** Instead of systemd's: of the process that it was before. */
  readonly letter?: string;
}

interface Seen {
  readonly fd: number;
  readonly inode: number;
}

/** What a process that systemd had started with these descriptors would make of them. */
export interface Heir {
  readonly stored: readonly (Seen & { readonly name: string })[];
  readonly given: readonly (Seen & { readonly kept: boolean })[];
  readonly warnings: readonly unknown[];
  /** Names of LISTEN_ variables that are left. */
  readonly environment: readonly string[];
  /** Of the handed descriptors: open, and not for whatever it executes. */
  readonly open: readonly number[];
  readonly closeOnExec: readonly number[];
  /** What it would tell the one that it becomes by a re-execution, which it is about to do. */
  readonly letter?: string;
}

/** A process of its own, since descriptors begin at 3; LISTEN_PID is its pid, as only its shell can know. */
export async function runWithDescriptors({ fds, names, listen, env = {}, letter }: Inheritance): Promise<Heir> {
  const stdio = ['ignore', 'pipe', 'inherit', ...fds.map((fd) => fd ?? ('ignore' as const))] as const;
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      'export LISTEN_PID=${LISTEN_PID:-$$}; [ -z "$LETTER" ] || export "PORTHERD_UNIT_SOCKETS=$$ $LETTER"; exec "$@"',
      'sh',
      process.execPath,
      script,
    ],
    {
      stdio: [...stdio],
      env: {
        ...process.env,
        LISTEN_FDS: String(fds.length),
        LISTEN_FDNAMES: names.join(':'),
        ...env,
        ...(letter === undefined ? {} : { LETTER: letter }),
        HEIR_LISTEN: JSON.stringify(listen),
        HEIR_COUNT: String(fds.length),
      },
    },
  );
  const exited = once(child, 'exit');
  const { stdout } = child;
  if (stdout === null) throw new Error('no pipe');
  const output = await text(stdout);
  const [code] = await exited;
  if (code !== 0) throw new Error(`the heir exited with ${code}: ${output}`);
  const heir: Heir = JSON.parse(output); // Our own child wrote it.
  return heir;
}

const script = join(import.meta.dirname, 'descriptor-heir-main.ts');
