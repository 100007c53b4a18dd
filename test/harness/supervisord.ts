import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandResult, type RunningCommand, runCommand, startCommand } from './running-command.ts';
import { until, within } from './until.ts';

/** A real supervisord (Debian's package) in a directory of its own, in the foreground. */
export class Supervisord implements AsyncDisposable {
  readonly directory: string;
  readonly socket: string;
  readonly #process: RunningCommand;

  static async start(programs: string): Promise<Supervisord> {
    const directory = await mkdtemp(join(tmpdir(), 'supervisord-'));
    await writeFile(join(directory, 'supervisord.conf'), fileText(directory, programs));
    const started = new Supervisord(directory);
    try {
      await until(async () => (await supervisorctl(started.socket, 'pid')).exitCode === 0, {
        what: 'supervisord to answer',
        deadline: 30_000,
      });
    } catch (thrown) {
      await started[Symbol.asyncDispose]();
      throw thrown;
    }
    return started;
  }

  private constructor(directory: string) {
    this.directory = directory;
    this.socket = join(directory, 'control.sock');
    const args = ['-n', '-c', join(directory, 'supervisord.conf')];
    this.#process = startCommand('supervisord', args, { cwd: directory, limitMs: 600_000 });
  }

  get ended(): Promise<CommandResult> {
    return this.#process.ended;
  }

  async rewrite(programs: string): Promise<void> {
    await writeFile(join(this.directory, 'supervisord.conf'), fileText(this.directory, programs));
  }

  /** SIGTERM ends what runs under it too; it has ten seconds for each of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGTERM');
    const ended = await within(30_000, this.#process.ended);
    const log = await readFile(join(this.directory, 'main.log'), 'utf8').catch(String);
    await rm(this.directory, { recursive: true, force: true });
    if (ended !== undefined) return;
    this.#process.kill('SIGKILL');
    throw new Error(`supervisord did not end on SIGTERM\n${log.slice(-2_000)}`);
  }
}

/** The real one, against whatever listens there. */
export function supervisorctl(socket: string, ...args: readonly string[]): Promise<CommandResult> {
  return startSupervisorctl(socket, ...args).ended;
}

export function startSupervisorctl(socket: string, ...args: readonly string[]): RunningCommand {
  const words = ['-c', ctlConfig, '-s', `unix://${socket}`, ...args];
  return startCommand('supervisorctl', words, { env: { ...process.env, ...utf8 }, limitMs: 90_000 });
}

/** The same on a terminal of its own: what is typed there is shown, and edited. */
export function typeSupervisorctl(socket: string, ...args: readonly string[]): RunningCommand {
  return startOnTerminal(['supervisorctl', '-c', ctlConfig, '-s', `unix://${socket}`, ...args]);
}

/**
 * By script(1), which gives the words to a shell. That must not stay beside them: Ctrl-C goes to it too, and dash would end with 130 whatever
 * its command ends with. No word may have a quote.
 */
export function startOnTerminal(words: readonly string[]): RunningCommand {
  const command = ['exec', ...words.map((word) => `'${word}'`)].join(' ');
  return startCommand('script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, ...utf8, TERM: 'dumb' },
    limitMs: 90_000,
    typed: true,
  });
}

const ctlConfig = join(import.meta.dirname, '../fixtures/supervisorctl.conf');

/** Else it warns that its output may fail. */
const utf8 = { LC_ALL: 'C.UTF-8', PYTHONIOENCODING: 'utf-8' };

/** Why it cannot be started here, or undefined. system-setup.ts installs it where that can be done. */
export async function supervisordRefusal(): Promise<string | undefined> {
  if (!existsSync('/usr/bin/supervisord')) return 'needs Debian’s package supervisor';
  const version = await runCommand('supervisord', ['--version']);
  return version.exitCode === 0 ? undefined : `supervisord does not run: ${version.stderr}`;
}

function fileText(directory: string, programs: string): string {
  const own = {
    unix_http_server: { file: join(directory, 'control.sock'), chmod: '0700' },
    supervisord: {
      logfile: join(directory, 'main.log'),
      pidfile: join(directory, 'pid'),
      childlogdir: directory,
      ...(process.getuid?.() === 0 ? { user: 'root' } : {}),
    },
    'rpcinterface:supervisor': {
      'supervisor.rpcinterface_factory': 'supervisor.rpcinterface:make_main_rpcinterface',
    },
  };
  return `${iniText(own)}\n${programs}`;
}

export function iniText(
  sections: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>,
): string {
  return Object.entries(sections)
    .map(([name, keys]) =>
      [`[${name}]`, ...Object.entries(keys).map(([key, value]) => `${key} = ${value}`), ''].join('\n'),
    )
    .join('\n');
}
