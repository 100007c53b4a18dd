import { isatty } from 'node:tty';
import { type Level, pino } from 'pino';
import type { Log, LogFields } from '../supervisor/ports.ts';
import { createLogOutput } from './log-output.ts';
import type { Environment } from './worker-env.ts';

/**
 * The daemon's own log, on standard output or in a file: JSON lines, or readable ones on a terminal. Not the workers' logs: they write
 * their own (log-files.ts).
 *
 * Lines are written synchronously, in this process (log-output.ts): nothing is lost when the daemon exits or crashes, and
 * nothing is out of order. A full disk or a reader that is gone never stops the daemon.
 */
export async function createLog(
  level: Level,
  env: Environment,
  output: { readonly fd: number; readonly terminal: boolean } = { fd: 1, terminal: isatty(1) },
): Promise<Log> {
  const format = output.terminal ? await readable(env) : (line: string): string => line;
  const destination = createLogOutput(
    () => output.fd,
    (lines) => format(lostLines(lines)),
  );
  process.once('exit', () => destination.flush());
  const logger = pino(options(level), { write: (line) => destination.write(format(line)) });
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields: LogFields, message) => logger.error(fields, message),
  };
}

function options(level: Level): NonNullable<Parameters<typeof pino>[0]> {
  return {
    level,
    base: null, // no pid and host name: `pid` is a field of many events, and a worker's
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: (error: unknown) => (error instanceof Error ? pino.stdSerializers.err(error) : error) },
  };
}

function lostLines(lines: number): string {
  const line = {
    level: 'warn',
    time: new Date().toISOString(),
    event: 'logLinesLost',
    lines,
    msg: 'log lines were lost',
  };
  return `${JSON.stringify(line)}\n`;
}

/** A function of pino-pretty, not its stream: a stream would lose what it holds when the process exits. */
async function readable(env: Environment): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty');
  const noColor = env['NO_COLOR'] ?? '';
  return prettyFactory({
    colorize: noColor === '', // https://no-color.org: any value but the empty one
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'event',
    singleLine: true,
  });
}
