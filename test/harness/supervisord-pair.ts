import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Daemon, startDaemon } from './daemon.ts';
import { callRpc, type RpcReply } from './rpc-client.ts';
import { iniText, Supervisord } from './supervisord.ts';
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
  /**
   * supervisord's startsecs, 1 unless given; more for what ends at once. The end of its pipes wakes supervisord, which may find no dead child
   * yet, sleeps its whole second, and then takes it for RUNNING before it looks again (supervisord.py, runforever).
   */
  readonly startSecs?: number;
  /** What it is told of, as an event listener. */
  readonly events?: readonly string[];
  /** What it writes to standard output is told to listeners, and what is between the tags. */
  readonly told?: true;
}

export class SupervisordPair implements AsyncDisposable {
  readonly supervisord: Supervisord;
  readonly portherd: Daemon;
  readonly scripts: string;
  #programs: readonly PairProgram[];

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
    return new SupervisordPair(theirs, portherd, { scripts, programs });
  }

  private constructor(
    supervisord: Supervisord,
    portherd: Daemon,
    { scripts, programs }: { readonly scripts: string; readonly programs: readonly PairProgram[] },
  ) {
    this.supervisord = supervisord;
    this.portherd = portherd;
    this.scripts = scripts;
    this.#programs = programs;
  }

  /** What starts by itself runs, and nothing is on its way from one state to another. */
  settled(): Promise<void> {
    const auto = this.#programs.filter(({ autostart }) => autostart);
    return this.settle(
      auto.flatMap(({ name, workers }) => Array.from({ length: workers }, (_, slot) => `${name}:${slot}`)),
    );
  }

  /** Until nothing is on its way from one state to another, and these processes run. */
  async settle(running: readonly string[] = []): Promise<void> {
    for (const socket of this.sockets) {
      let states: ReadonlyMap<string, string> = new Map();
      const settled = async (): Promise<boolean> => {
        states = processStates(await callRpc(socket, 'supervisor.getAllProcessInfo'));
        return (
          ![...states.values()].some((state) => transient.includes(state)) &&
          running.every((name) => states.get(name) === 'RUNNING')
        );
      };
      const explain = (): unknown => [...states];
      await until(settled, { what: `the programs behind ${socket} to settle`, deadline: 60_000, explain });
    }
  }

  get sockets(): readonly string[] {
    return [this.supervisord.socket, this.portherd.socket];
  }

  async rewrite(programs: readonly PairProgram[]): Promise<void> {
    this.#programs = programs;
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

const transient: readonly string[] = ['STARTING', 'BACKOFF', 'STOPPING'];

/** By `group:name`. A daemon that is just coming or going has no answer. */
function processStates({ text, fault }: RpcReply): ReadonlyMap<string, string> {
  if (fault !== undefined) throw new Error(fault);
  const structs = text.match(/<struct>[^]*?<\/struct>/g) ?? [];
  return new Map(
    structs.map((struct) => {
      const field = (name: string): string | undefined =>
        new RegExp(`<name>${name}</name>\\s*<value><string>([^<]*)<`).exec(struct)?.[1];
      return [`${field('group')}:${field('name')}`, `${field('statename')}`] as const;
    }),
  );
}

/** numprocs makes a group of each: `web:0`, as portherd's slots are called. */
function supervisordText(programs: readonly PairProgram[], scripts: string): string {
  const sections = programs.map(
    ({ name, command, workers, autostart, priority, output, retries = 0, startSecs, events, told }) => [
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
        ...(startSecs === undefined ? {} : { startsecs: startSecs }),
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
