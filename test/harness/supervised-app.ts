import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, fstatSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ChannelServer, openChannelServer } from '../../src/linux/channel-server.ts';
import { type Beat, channelEnv, type ListenPlan } from '../../src/protocol/channel.ts';
import type { ChannelEvent, Log } from '../../src/supervisor/ports.ts';
import { type NodeName, nodeBinary } from './nodes.ts';
import { until, within } from './until.ts';

/**
 * One app with the preload and one slot socket, under a channel server and nothing else of the supervisor. The preload is
 * bundled by .ci/build from the sources of this moment.
 */
export interface AppOptions {
  readonly node?: NodeName;
  /** A file of test/fixtures/apps; or a command that starts with a wrapper. */
  readonly app: string;
  readonly command?: readonly string[];
  /** `argv` puts the preload into node's arguments (claims at boot), `options` into NODE_OPTIONS (claims when it listens). */
  readonly preload?: 'argv' | 'options';
  readonly env?: Readonly<Record<string, string>>;
  readonly plan?: Partial<ListenPlan>;
  /** Copies of the slot's descriptor; 8 unless given. */
  readonly copies?: number;
  /** False: nothing listens on the channel's path, until `supervise` is called. */
  readonly supervised?: boolean;
}

const apps = resolve(import.meta.dirname, '../fixtures/apps');

/**
 * Where the worker finds its copies. Node sets close-on-exec on a gapless run of descriptors from 3 on when it boots, so the
 * children of a worker do not inherit those; high ones pass through wrappers.
 */
const firstCopies = { argv: 3, options: 200 } as const;

export const worker = 1;

export class SupervisedApp implements AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  readonly events: ChannelEvent[] = [];
  readonly logged: string[] = [];
  readonly channelPath: string;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  output = '';
  channel: ChannelServer | undefined;
  readonly #directory: string;
  readonly #token: string;
  readonly #child: ChildProcess;
  readonly #slot: SlotSocket;

  private constructor(options: AppOptions, slot: SlotSocket, directory: string, token: string) {
    this.#slot = slot;
    this.#directory = directory;
    this.#token = token;
    this.port = slot.port;
    this.channelPath = join(directory, 'channel.sock');
    this.#child = this.#spawn(options);
    this.pid = this.#child.pid ?? -1;
    const { promise, resolve } = Promise.withResolvers<{ code: number | null; signal: NodeJS.Signals | null }>();
    this.#child.once('close', (code, signal) => resolve({ code, signal }));
    this.exited = promise;
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
  }

  /** Started, and its channel listens; what the app does is up to the caller to await. */
  static async start(options: AppOptions): Promise<SupervisedApp> {
    const app = new SupervisedApp(
      options,
      openSlotSocket(),
      mkdtempSync(join(tmpdir(), 'portherd-app-')),
      randomBytes(16).toString('hex'),
    );
    if (options.supervised !== false) await app.supervise();
    return app;
  }

  /** The app answers connections. */
  static async serving(options: AppOptions): Promise<SupervisedApp> {
    const app = await SupervisedApp.start(options);
    try {
      await app.prints('up');
      if (options.supervised !== false) await app.event('listening');
    } catch (thrown) {
      await app[Symbol.asyncDispose]();
      throw thrown;
    }
    return app;
  }

  async supervise(): Promise<void> {
    const log = (fields: object, message: string): void =>
      void this.logged.push(`${message} ${JSON.stringify(fields)}`);
    const silent: Log = { debug: log, info: log, warn: log, error: log };
    const opened = await openChannelServer({
      path: this.channelPath,
      log: silent,
      onEvent: (event) => this.events.push(event),
    });
    if (!opened.ok) throw new Error(opened.error.message);
    this.channel = opened.value;
    this.channel.expect(worker, this.#token);
  }

  /** Waits for the next one of its kind that `when` takes, also among those that came before. */
  async event<K extends ChannelEvent['is']>(
    is: K,
    when: (event: EventOf<K>) => boolean = () => true,
  ): Promise<EventOf<K>> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- TypeScript does not narrow a union by a generic key
    const isWanted = (event: ChannelEvent): event is EventOf<K> => event.is === is && when(event as EventOf<K>);
    return until(() => this.events.find(isWanted), { what: `a channel event ${is}`, explain: () => this.story() });
  }

  /** The latest one: a worker tells it before it says that it is drained. */
  get beat(): Beat {
    const beat = this.events.findLast((event) => event.is === 'beat');
    if (beat === undefined) throw new Error(`no beat yet\n${this.story()}`);
    return beat.beat;
  }

  /** Waits for this many more. */
  async beats(count: number): Promise<void> {
    const beats = (): number => this.events.filter(({ is }) => is === 'beat').length;
    const wanted = beats() + count;
    await until(() => beats() >= wanted, { what: `${count} beats`, explain: () => this.story() });
  }

  async prints(text: string): Promise<void> {
    await until(() => this.output.includes(text), { what: `the app to print ${text}`, explain: () => this.story() });
  }

  /** How it ended; fails when it has not within half a minute. */
  async ends(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const ended = await within(30_000, this.exited);
    if (ended === undefined) throw new Error(`the app did not end\n${this.story()}`);
    return ended;
  }

  drain(idleMs: number, totalMs: number): void {
    if (this.channel?.drain(worker, idleMs, totalMs) !== true) throw new Error(`not attached\n${this.story()}`);
  }

  shed(count: number): void {
    if (this.channel?.shed(worker, count) !== true) throw new Error(`not attached\n${this.story()}`);
  }

  /** How many descriptors on the slot's socket `pid` has; -1 when it has gone. */
  slotDescriptors(pid = this.pid): number {
    const link = `socket:[${this.#slot.inode}]`;
    const directory = `/proc/${pid}/fd`;
    if (!existsSync(directory)) return -1;
    return readdirSync(directory).filter((fd) => linkOf(join(directory, fd)) === link).length;
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  story(): string {
    return `output: ${this.output}\nlog: ${this.logged.join('\n')}\nevents: ${JSON.stringify(this.events.slice(-20))}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // The whole group has gone already.
    }
    await this.exited;
    await this.channel?.close();
    this.#slot.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #spawn(options: AppOptions): ChildProcess {
    const { app, preload = 'argv', copies = 8, plan = {} } = options;
    const node = nodeBinary(options.node ?? '24');
    if (node === undefined) throw new Error(`no node ${options.node}`);
    const bind = plan.bind ?? 'slot';
    const firstCopy = firstCopies[preload];
    const fds = bind === 'slot' ? Array.from({ length: copies }, (_, copy) => firstCopy + copy) : [];
    const planned = { host: '127.0.0.1', port: this.port, backlog: 511, fds, inode: this.#slot.inode };
    const whole: ListenPlan = { bind, readiness: 'listening', ports: [planned], ...plan };
    if (bind === 'worker') this.#slot.close();
    const stdio: ('ignore' | 'pipe' | number)[] = Array.from({ length: firstCopy + fds.length }, (_, fd) =>
      fd >= firstCopy ? this.#slot.fd : 'ignore',
    );
    stdio.splice(0, 3, 'ignore', 'pipe', 'pipe');
    const command = options.command ?? [
      node,
      ...(preload === 'argv' ? ['--require', preloadFile()] : []),
      join(apps, app),
    ];
    const [file = node, ...args] = command;
    return spawn(file, args, {
      cwd: apps,
      detached: true,
      stdio,
      env: {
        ...process.env,
        PATH: `${resolve(node, '..')}:${process.env['PATH']}`,
        PORT: String(this.port),
        PORTHERD_SLOT: '3',
        [channelEnv.socket]: this.channelPath,
        [channelEnv.token]: this.#token,
        [channelEnv.listen]: JSON.stringify(whole),
        [channelEnv.claim]: preload === 'argv' ? 'boot' : 'listen',
        ...(preload === 'options' ? { NODE_OPTIONS: `--no-warnings --require "${preloadFile()}"` } : {}),
        ...options.env,
      },
    });
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}

export type EventOf<K extends ChannelEvent['is']> = Extract<ChannelEvent, { readonly is: K }>;

interface SlotSocket {
  readonly fd: number;
  readonly port: number;
  readonly inode: number;
  close(): void;
}

/** Bound with SO_REUSEPORT, not listening, and with nobody who accepts in this process: net.BoundSocket of Node 24.21. */
function openSlotSocket(): SlotSocket {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- @types/node 24.19 does not know it yet
  const net = process.getBuiltinModule('node:net') as unknown as {
    readonly BoundSocket: new (options: object) => BoundSocket;
  };
  const socket = new net.BoundSocket({ host: '127.0.0.1', port: 0, reusePort: true });
  let open = true;
  return {
    fd: socket.fd(),
    port: socket.address().port,
    inode: fstatSync(socket.fd()).ino,
    close: () => {
      if (open) socket.close();
      open = false;
    },
  };
}

interface BoundSocket {
  fd(): number;
  address(): { readonly port: number };
  close(): void;
}

let bundled: string | undefined;

/** In a directory that goes with this process: vitest runs one at a time. */
export function preloadFile(): string {
  if (bundled !== undefined) return bundled;
  const directory = mkdtempSync(join(tmpdir(), 'portherd-preload-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  bundled = join(directory, 'worker/preload.cjs');
  execFileSync(resolve(import.meta.dirname, '../../.ci/build'), ['preload', bundled], { stdio: 'inherit' });
  return bundled;
}
