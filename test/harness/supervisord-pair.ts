import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Daemon, startDaemon } from './daemon.ts';
import { iniText, Supervisord, supervisorctl } from './supervisord.ts';
import { until } from './until.ts';

/** The same programs under a real supervisord and under portherd. */
export interface PairProgram {
  readonly name: string;
  /** `%(scripts)s` is a directory of both. */
  readonly command: string;
  readonly workers: number;
  readonly autostart: boolean;
  readonly priority?: number;
  readonly output?: 'none';
  /** None unless given. */
  readonly retries?: number;
  /** What it is told of, as an event listener. */
  readonly events?: readonly string[];
  /** What it writes to standard output is told to listeners, and what is between the tags. */
  readonly told?: true;
}

export class SupervisordPair implements AsyncDisposable {
  readonly supervisord: Supervisord;
  readonly portherd: Daemon;
  readonly scripts: string;

  static async start(programs: readonly PairProgram[]): Promise<SupervisordPair> {
    const scripts = await mkdtemp(join(tmpdir(), 'pair-'));
    // What is there and executable when the daemons look at it first.
    for (const name of ['missing', 'plain']) {
      await writeFile(join(scripts, name), '#!/bin/sh\nexec sleep 1000\n');
      await chmod(join(scripts, name), 0o755);
    }
    await using supervisord = new AsyncDisposableStack();
    const theirs = supervisord.use(await Supervisord.start(supervisordText(programs, scripts)));
    const portherd = await startDaemon({
      programs: portherdPrograms(programs, scripts),
      supervisor: { logFile: 'main.log' },
      wait: 'answers',
    });
    supervisord.move();
    return new SupervisordPair(theirs, portherd, scripts);
  }

  /** What starts by itself runs. */
  async settled(): Promise<void> {
    for (const socket of this.sockets) {
      const running = async (): Promise<boolean> => {
        const { stdout } = await supervisorctl(socket, 'status');
        return !stdout.includes('STARTING') && (stdout.match(/RUNNING/g)?.length ?? 0) >= 3;
      };
      await until(running, { what: `the programs behind ${socket} to run` });
    }
  }

  private constructor(supervisord: Supervisord, portherd: Daemon, scripts: string) {
    this.supervisord = supervisord;
    this.portherd = portherd;
    this.scripts = scripts;
  }

  get sockets(): readonly string[] {
    return [this.supervisord.socket, this.portherd.socket];
  }

  async rewrite(programs: readonly PairProgram[]): Promise<void> {
    await this.supervisord.rewrite(supervisordText(programs, this.scripts));
    await this.portherd.rewrite({
      programs: portherdPrograms(programs, this.scripts),
      supervisor: { logFile: 'main.log' },
    });
  }

  /** Neither can be read as what it should be. */
  async spoil(): Promise<void> {
    await this.supervisord.rewrite('[program:web]\ncommand = sleep 1000\nnumprocs = many\n');
    await this.portherd.rewrite({ programs: { web: { command: 'sleep 1000', workers: 'many' } } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using stack = new AsyncDisposableStack();
    stack.defer(() => rm(this.scripts, { recursive: true, force: true }));
    stack.use(this.supervisord);
    stack.use(this.portherd);
  }
}

/** numprocs makes a group of each: `web:0`, as portherd's slots are called. */
function supervisordText(programs: readonly PairProgram[], scripts: string): string {
  const sections = programs.map(
    ({ name, command, workers, autostart, priority, output, retries = 0, events, told }) => [
      `${events === undefined ? 'program' : 'eventlistener'}:${name}`,
      {
        ...(events === undefined ? {} : { events: events.join(','), buffer_size: 1_000 }),
        command: command.replace('%(scripts)s', scripts),
        process_name: '%(process_num)d',
        numprocs: workers,
        autostart,
        ...(priority === undefined ? {} : { priority }),
        directory: '/',
        startretries: retries,
        ...(told === undefined ? {} : { stdout_events_enabled: true, stdout_capture_maxbytes: '1MB' }),
        ...(output === 'none' ? { stdout_logfile: 'NONE', stderr_logfile: 'NONE' } : {}),
      },
    ],
  );
  return iniText(Object.fromEntries(sections));
}

function portherdPrograms(programs: readonly PairProgram[], scripts: string) {
  const entries = programs.map(({ name, command, workers, autostart, priority, output, retries = 0, events, told }) => [
    name,
    {
      command: command.replace('%(scripts)s', scripts),
      workers,
      autostart,
      ...(priority === undefined ? {} : { priority }),
      ...(events === undefined ? {} : { events: { subscribe: events, buffer: 1_000 } }),
      startRetries: retries,
      ...(told === undefined ? {} : { logs: { events: ['stdout'], capture: '1MB' } }),
      listen: [],
      directory: '/',
      ...(output === 'none' ? { logs: { stdout: 'none', stderr: 'none' } } : {}),
    },
  ]);
  return Object.fromEntries(entries);
}
