import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { failure, messageOf } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';

/**
 * child_process.spawn() with its three ways to fail (throws, calls back later, never) as one value at once.
 * Errors: SPAWN_ERROR, for example EAGAIN (too many processes), EMFILE (too many descriptors), E2BIG.
 */
export function startProcess(
  file: string,
  args: readonly string[],
  options: SpawnOptions,
): Result<{ readonly child: ChildProcess; readonly pid: number }> {
  let reason = 'the kernel started no process';
  const listen = (message: unknown): void => {
    reason = reasonIn(message) ?? reason;
  };
  subscribe(spawnErrors, listen);
  try {
    const child = spawn(file, args, options);
    // The event comes after this function returned its reason; without a listener it would end the daemon.
    child.on('error', () => undefined);
    if (child.pid === undefined) return err(failed(file, reason));
    return ok({ child, pid: child.pid });
  } catch (thrown) {
    return err(failed(file, messageOf(thrown)));
  } finally {
    unsubscribe(spawnErrors, listen);
  }
}

function failed(file: string, reason: string): ReturnType<typeof failure> {
  return failure(
    'SPAWN_ERROR',
    `cannot start ${file}: ${reason}`,
    'The text has the kernel’s reason (see execve(2), fork(2)).',
  );
}

function reasonIn(message: unknown): string | undefined {
  const isMessage = typeof message === 'object' && message !== null && 'error' in message;
  return isMessage && message.error instanceof Error ? message.error.message : undefined;
}

/** Says synchronously what the 'error' event says a tick later (Node 24; where it is missing the text is less exact). */
const spawnErrors = 'tracing:child_process.spawn:error';
