import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StatusReply } from '../../src/protocol/control.ts';
import { type ApiReply, askControl } from './control-client.ts';
import { configText, type DaemonConfig } from './daemon-config.ts';
import { type DaemonExit, DaemonProcess, type LogLine } from './daemon-process.ts';
import { markedProcesses } from './marked-processes.ts';
import { type CommandResult, type RunningCommand, startCommand } from './running-command.ts';
import { pause, until, within } from './until.ts';

/** A real daemon (dist/main.js) in a directory of its own, on ports of its own, which a test disposes of. */
export interface DaemonOptions extends DaemonConfig {
  readonly env?: Readonly<Record<string, string>>;
  /** The node that runs the daemon; this one unless given. */
  readonly node?: string;
  /** Put before the daemon's command: `ip netns exec NAME`, say. It must become the daemon, not start it. */
  readonly inside?: readonly string[];
  /** The daemon's executable; dist/main.js unless given. */
  readonly main?: string;
  /** What must be so before startDaemon returns; all slots that start by themselves are ready, unless given. */
  readonly wait?: 'ready' | 'answers' | 'nothing';
  /** ms */
  readonly deadline?: number;
}

const root = join(import.meta.dirname, '../..');
const daemonMark = 'PORTHERD_TEST_DAEMON';

/** Another test may take a port between our look and the daemon's bind. */
const portAttempts = 3;

export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { wait = 'ready', deadline = 60_000 } = options;
  for (let attempt = 1; ; attempt++) {
    const daemon = await Daemon.spawn(options);
    if (wait === 'nothing') return daemon;
    try {
      await daemon.waitUntil(wait, deadline);
      return daemon;
    } catch (thrown) {
      const portTaken = daemon.output.includes('PORT_IN_USE') || daemon.output.includes('EADDRINUSE');
      await daemon[Symbol.asyncDispose]();
      if (!portTaken || attempt === portAttempts) throw thrown;
    }
  }
}

export class Daemon implements AsyncDisposable {
  readonly directory: string;
  readonly socket: string;
  readonly configFile: string;
  readonly #words: readonly string[];
  #process: DaemonProcess;
  readonly #mark: string;
  readonly #ports: readonly number[];
  readonly #env: Readonly<Record<string, string | undefined>>;

  static async spawn(options: DaemonOptions): Promise<Daemon> {
    const directory = await mkdtemp(join(tmpdir(), 'portherd-test-'));
    const { text, ports } = await configText(options);
    await writeFile(join(directory, 'portherd.yaml'), text);
    return new Daemon(directory, ports, options);
  }

  private constructor(directory: string, ports: readonly number[], options: DaemonOptions) {
    const { env, node = process.execPath, inside = [], main = join(root, 'dist/main.js') } = options;
    this.directory = directory;
    this.socket = join(directory, 'control.sock');
    this.configFile = join(directory, 'portherd.yaml');
    this.#mark = randomUUID();
    this.#ports = ports;
    // Whatever vitest and npm have put into NODE_OPTIONS is not for the daemon.
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const run = { PORTHERD_TEST_RUN: inherited['PORTHERD_TEST_RUN'] ?? this.#mark };
    this.#env = { ...inherited, ...run, [daemonMark]: this.#mark, PORTHERD_SOCKET: this.socket, ...env };
    this.#words = [...inside, node, main, 'run', '-c', this.configFile];
    this.#process = this.#start();
  }

  #start(): DaemonProcess {
    const [file = '', ...args] = this.#words;
    return new DaemonProcess(file, args, this.#env, this.directory);
  }

  /** SIGKILL, and another one in its place. */
  async succeed(wait: 'ready' | 'answers' | 'nothing' = 'ready', signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.kill(signal);
    await this.exited;
    this.#process = this.#start();
    if (wait !== 'nothing') await this.waitUntil(wait);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Both streams of the daemon, as they came. */
  get output(): string {
    return this.#process.output;
  }

  get log(): readonly LogLine[] {
    return this.#process.log;
  }

  get exited(): Promise<DaemonExit> {
    return this.#process.exited;
  }

  /** The n-th free port that the config took, in the order of the file. */
  port(n = 0): number {
    const port = this.#ports[n];
    if (port === undefined) throw new Error(`the config of this daemon has no free port ${n}`);
    return port;
  }

  waitForLog(event: string, predicate: (line: LogLine) => boolean = () => true, deadline = 30_000): Promise<LogLine> {
    return this.#process.waitForLog(event, predicate, deadline);
  }

  closeOutput(): void {
    this.#process.closeOutput();
  }

  kill(signal: NodeJS.Signals): boolean {
    return this.#process.kill(signal);
  }

  /** `node dist/ctl.js -s SOCKET ARGS…` */
  ctl(...args: readonly string[]): Promise<CommandResult> {
    return this.startCtl(...args).ended;
  }

  startCtl(...args: readonly string[]): RunningCommand {
    return startCommand(process.execPath, [join(root, 'dist/ctl.js'), '-s', this.socket, ...args], { env: this.#env });
  }

  api(method: 'GET' | 'POST', path: string, body?: unknown): Promise<ApiReply> {
    return askControl(this.socket, method, path, body);
  }

  async status(): Promise<StatusReply> {
    return (await this.api('GET', '/v1/status')).json();
  }

  /** Of the serving workers, by slot. */
  async pids(program: string): Promise<number[]> {
    const found = (await this.status()).programs.find(({ name }) => name === program);
    return (found?.slots ?? []).flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** Processes of this daemon that live now: itself, workers, their children. */
  processes(): ReturnType<typeof markedProcesses> {
    return markedProcesses(daemonMark, this.#mark);
  }

  /** Writes the config file again, with the same free ports in the same order. */
  async rewrite(config: DaemonConfig): Promise<void> {
    const { text } = await configText(config, this.#ports);
    await writeFile(this.configFile, text);
  }

  /** Every slot that starts by itself is ready; or the daemon just answers. */
  async waitUntil(wait: 'ready' | 'answers', deadline = 60_000): Promise<void> {
    const probe = async (): Promise<boolean> => {
      if (this.#process.exit !== undefined) return true;
      const { programs } = await this.status();
      if (wait === 'answers') return true;
      // It may answer a moment before it has its programs.
      return programs.length > 0 && programs.every(({ slots }) => slots.every(({ ready }) => ready));
    };
    await until(probe, { what: `the daemon to be ${wait}`, deadline, explain: () => this.#process.tail() });
    const { exit } = this.#process;
    if (exit) throw new Error(`the daemon ended: ${exit.code ?? exit.signal}\n${this.#process.tail()}`);
  }

  /** A worker's own children were killed with it, but nobody can wait for them: the kernel may still be taking them apart. */
  async #outlived(): Promise<ReturnType<typeof markedProcesses>> {
    const since = performance.now();
    while (this.processes().length > 0 && performance.now() - since < 5_000) await pause(20);
    return this.processes();
  }

  /** SIGTERM, then SIGKILL at a deadline; fails when the daemon needed that, or when a process outlives it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGTERM');
    const exit = await within(30_000, this.exited);
    if (exit === undefined) this.kill('SIGKILL');
    const outlived = await this.#outlived();
    for (const { pid } of outlived) killHard(pid);
    await this.exited;
    await rm(this.directory, { recursive: true, force: true });
    if (exit === undefined) throw new Error(`the daemon did not stop on SIGTERM within 30 s\n${this.#process.tail()}`);
    if (outlived.length > 0)
      throw new Error(`outlived the daemon: ${JSON.stringify(outlived)}\n${this.#process.tail()}`);
  }
}

function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ESRCH: it has ended by itself since we looked.
  }
}
