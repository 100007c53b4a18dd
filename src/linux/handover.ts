import { spawn } from 'node:child_process';
import { fstatSync } from 'node:fs';
import { assert } from '../shared/assert.ts';
import { failure, messageOf } from '../shared/errors.ts';
import { rehearsalMsMax, rehearsalTextMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { type Libc, loadLibc } from './libc.ts';
import type { Environment } from './worker-env.ts';

/**
 * A supervisor that replaces itself by execve(2): the same pid, the same open sockets, new code and a new config. The state file
 * says what they are; here is only what it cannot say.
 */
export interface Handover {
  /** Descriptors of the two Unix sockets: who dials meanwhile waits in their queues. */
  readonly control: number;
  readonly channel: number;
}

const variable = 'PORTHERD_HANDOVER';
/** Set for a process that shall only show that it could run. */
export const rehearsalVariable = 'PORTHERD_REHEARSAL';

/** What this process was handed by the one that it was; taken out of the environment. A letter to another pid is none. */
export function receiveHandover(env: NodeJS.ProcessEnv, libc: () => Result<Libc>): Handover | undefined {
  const letter = env[variable];
  delete env[variable];
  if (letter === undefined) return undefined;
  const [pid, control, channel] = letter.split(' ').map(Number);
  if (pid !== process.pid || !isSocket(control) || !isSocket(channel)) return undefined;
  const native = libc();
  // libuv leaves them as they are: a worker that inherited them would keep clients waiting after our death.
  for (const fd of [control, channel]) if (native.ok) native.value.setCloseOnExec(fd, true);
  return { control, channel };
}

/**
 * Does not return: the next line that runs is the new main.ts. Node aborts when the kernel refuses, which leaves the workers to
 * whoever is started next; `rehearse` makes that unlikely.
 */
export function handOver(libc: Libc, { control, channel }: Handover, sockets: readonly number[]): never {
  for (const fd of [control, channel, ...sockets]) {
    const kept = libc.setCloseOnExec(fd, false);
    assert(kept.ok, kept.ok ? '' : `descriptor ${fd}: ${kept.error}`);
  }
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  const [file, ...args] = commandLine();
  assert(process.execve !== undefined, 'reload without process.execve');
  process.execve(file, [file, ...args], { ...env, [variable]: `${process.pid} ${control} ${channel}` });
  throw new Error('process.execve returned');
}

/**
 * Runs the same command line beside us, up to where it would touch the world: the file exists, parses, loads its libraries, and
 * accepts the config. Errors: RELOAD_UNSUPPORTED, RELOAD_REFUSED with what it printed.
 */
export async function rehearse(env: Environment): Promise<Result<undefined>> {
  if (process.execve === undefined) {
    return err(failure('RELOAD_UNSUPPORTED', `Node ${process.versions.node} cannot replace its own process`));
  }
  const libc = loadLibc();
  if (!libc.ok)
    return err(failure('RELOAD_UNSUPPORTED', libc.error.message, 'Mend the installation, then restart the daemon.'));
  const [file, ...args] = commandLine();
  const child = spawn(file, args, {
    env: { ...env, NOTIFY_SOCKET: undefined, [rehearsalVariable]: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: rehearsalMsMax,
    killSignal: 'SIGKILL',
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => (text = `${text}${chunk}`.slice(-rehearsalTextMax)));
  }
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  child.once('error', (error) => resolve(messageOf(error)));
  child.once('close', (code, signal) => {
    if (code === 0) resolve(undefined);
    else resolve(text.trim() === '' ? `it ended with ${signal ?? `exit status ${code}`}` : text.trim());
  });
  const refusal = await promise;
  if (refusal === undefined) return ok();
  return err(failure('RELOAD_REFUSED', `the new portherd cannot start: ${refusal}`));
}

/** As this process was started: a symbolic link in it is followed anew. */
function commandLine(): readonly [string, ...string[]] {
  return [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
}

function isSocket(fd: number | undefined): fd is number {
  try {
    return fd !== undefined && fstatSync(fd).isSocket();
  } catch {
    return false; // EBADF
  }
}
