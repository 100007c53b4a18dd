import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { channelEnv } from '../protocol/channel.ts';
import { assert } from '../shared/assert.ts';
import { formatDuration } from '../shared/duration.ts';
import { hookErrorBytesMax, hookGraceMs } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { wordSet } from '../shared/word-set.ts';
import type { ProcessRef } from '../supervisor/ports.ts';
import type { HookFailure, HookMessage } from '../supervisor/ports-hooks.ts';
import { resolveCommand } from './command.ts';
import type { HookGate } from './hook-gate.ts';
import { pause } from './pause.ts';
import { startTicksOf } from './procfs.ts';
import { signalProcess } from './signal-process.ts';
import { startProcess } from './start-process.ts';
import { type Environment, inheritedEnv } from './worker-env.ts';

export interface HookRoom {
  /** The daemon's. */
  readonly env: Environment;
  readonly controlSocket: string;
  readonly gate: HookGate;
}

/**
 * Runs a hook's command once: without a shell, in a session of its own, the message on its standard input, its standard output thrown
 * away. Exit status 0 means that it took the message. When it ends, or has to, so does everything in its process group. Nothing in its
 * environment makes it look like a worker (survivors.ts), of this daemon or of another.
 */
export async function runHookCommand(
  { hook, body, variables, hurried }: HookMessage,
  { env, controlSocket, gate }: HookRoom,
  abort: AbortSignal,
): Promise<Result<undefined, HookFailure>> {
  const begin = (): ReturnType<typeof startProcess> => {
    const command = resolveCommand(hook.command ?? [], hook.directory, env);
    if (!command.ok) return command;
    const [file, ...args] = command.value.argv;
    return startProcess(file, args, {
      cwd: hook.directory,
      env: { ...notAWorkers(inheritedEnv(env)), PWD: hook.directory, ...variables, PORTHERD_SOCKET: controlSocket },
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
    });
  };
  const started = await gate.pass(
    () => {
      const child = begin();
      // At worst a zombie: it is reaped by the event loop, after this.
      return child.ok ? ok({ ...child.value, startTicks: startTicksOf(child.value.pid) }) : child;
    },
    0,
    hurried,
    abort,
  );
  if (started === undefined) return failed('broken off');
  if (!started.ok) return failed(started.error.message);
  const { child, pid, startTicks } = started.value;
  assert(startTicks !== undefined, `hook ${pid} vanished before it was reaped`);
  const closed = Promise.withResolvers<void>();
  child.stderr?.once('close', closed.resolve);
  const words = keepLastWords(child);
  // A command need not read it: EPIPE.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(`${body}\n`);

  const late = await endOf(child, { pid, startTicks }, hook.timeout, abort);
  const taken = late === undefined && child.exitCode === 0;
  // What it wrote last is still on its way; a child of it in another session may hold the pipe open for ever.
  if (!taken) await Promise.race([closed.promise, sleep(lastWordsMs)]);
  for (const stream of [child.stdin, child.stderr]) stream?.destroy();
  if (taken) return ok();
  if (late !== undefined) return failed(`${late}${words()}`);
  const how = child.signalCode === null ? `exit status ${child.exitCode}` : `ended by ${child.signalCode}`;
  return failed(`${how}${words()}`);
}

const lastWordsMs = 100;

/** When the process has ended: why it had to, or nothing. One that not even SIGKILL ends (it hangs in the kernel) is left. */
async function endOf(
  child: ChildProcess,
  process: ProcessRef,
  timeoutMs: number,
  abort: AbortSignal,
): Promise<string | undefined> {
  const exited = once(child, 'exit');
  const within = async (ms: number, stop?: AbortSignal): Promise<boolean> => {
    const over = new AbortController();
    const signal = stop === undefined ? over.signal : AbortSignal.any([stop, over.signal]);
    const timer = pause(ms, signal).then(() => false);
    const ended = await Promise.race([exited.then(() => true), timer]);
    over.abort();
    return ended;
  };
  const killGroup = (): boolean => signalProcess(process, 'SIGKILL', 'group');
  if (await within(timeoutMs, abort)) {
    killGroup();
    return undefined;
  }
  const why = abort.aborted ? 'broken off' : `not done after ${formatDuration(timeoutMs)}`;
  if (!abort.aborted) {
    signalProcess(process, 'SIGTERM', 'group');
    if (await within(hookGraceMs, abort)) {
      killGroup();
      return why;
    }
  }
  killGroup();
  return (await within(hookGraceMs)) ? why : `${why}, and not ended by SIGKILL either`;
}

/** Of its standard error. What writes without end is told so by SIGPIPE, before reading it keeps the daemon from its own work. */
function keepLastWords({ stderr }: ChildProcess): () => string {
  let last = Buffer.alloc(0);
  let bytes = 0;
  stderr?.on('error', () => undefined);
  stderr?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    last = Buffer.concat([last, chunk]).subarray(-wordsBytesMax);
    if (bytes > hookErrorBytesMax) stderr.destroy();
  });
  return () => {
    const lines = stripVTControlCharacters(last.toString('utf8')).split(/[\r\n]+/);
    const text = lines.map((line) => line.replace(/[\p{Cc}\ufffd]/gu, '').trim()).filter((line) => line !== '');
    return text.length === 0 ? '' : `: ${text.slice(-wordsLinesMax).join(' | ')}`;
  };
}

/** What fits into a line of a log. */
const wordsBytesMax = 400;
const wordsLinesMax = 3;

/** The daemon may be a worker of another portherd, whose child would then pass for a worker, too. */
function notAWorkers(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ofWorkers.has(name)));
}

const ofWorkers = new Set([
  ...Object.values(channelEnv),
  ...wordSet(`
    PORTHERD_PROGRAM PORTHERD_SLOT PORTHERD_GENERATION NODE_APP_INSTANCE
    SUPERVISOR_ENABLED SUPERVISOR_PROCESS_NAME SUPERVISOR_GROUP_NAME SUPERVISOR_SERVER_URL
  `),
]);

function failed(why: string): Result<never, HookFailure> {
  return err({ why, refused: false });
}
