import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createMachineCgroup, type MachineCgroup } from './machine-cgroup.ts';
import { type CommandResult, type RunningCommand, startCommand } from './running-command.ts';
import { until, within } from './until.ts';

/**
 * A real systemd as PID 1, in systemd-nspawn over a copy-on-write view of this machine's root, with a network of its own that has
 * nothing but loopback. It knows nothing of portherd (portherd-machine.ts does). Disposing of it switches it off, and fails when a
 * process is left. Killed with the test, it leaves no process and no mount, only an empty control group (machine-cgroup.ts).
 */
export class SystemdMachine implements AsyncDisposable {
  readonly #nspawn: ChildProcess;
  readonly #cgroup: MachineCgroup;
  readonly #ended: Promise<void>;
  #console = '';
  #leader = 0;

  static async boot(): Promise<SystemdMachine> {
    await using partial = new AsyncDisposableStack();
    const machine = partial.use(new SystemdMachine());
    await machine.#booted(0);
    partial.move();
    return machine;
  }

  private constructor() {
    const at = machines++;
    this.#cgroup = createMachineCgroup(at);
    const args = [script, repository, `portherd-${process.pid}-${at}`, ...this.#cgroup.directories];
    this.#nspawn = spawn('setpriv', [...ofItsOwn, 'sh', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#nspawn.stdout, this.#nspawn.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#console = (this.#console + text).slice(-16_384)));
    const ended = Promise.withResolvers<void>();
    this.#nspawn.once('error', ended.reject);
    this.#nspawn.once('exit', () => ended.resolve());
    this.#ended = ended.promise;
  }

  /** Put before a command, it runs with the machine's network and everything else of the test's own. */
  get inNetwork(): readonly string[] {
    return ['nsenter', '--target', String(this.#leader), '--net'];
  }

  /** The path by which the test reaches a file or a socket of the machine. */
  path(inside: string): string {
    return join(`/proc/${this.#leader}/root`, inside);
  }

  async write(inside: string, text: string): Promise<void> {
    await mkdir(dirname(this.path(inside)), { recursive: true });
    await writeFile(this.path(inside), text);
  }

  /** In the machine, as root unless `user` is given, with nothing of the test's environment. Rejects after 60 s unless given. */
  start(argv: readonly string[], { user, limitMs = 60_000 }: MachineCommand = {}): RunningCommand {
    const who = user === undefined ? [] : ['runuser', '-u', user, '--'];
    return startCommand('nsenter', ['--target', String(this.#leader), '--all', ...who, ...argv], { env, limitMs });
  }

  run(argv: readonly string[], options?: MachineCommand): Promise<CommandResult> {
    return this.start(argv, options).ended;
  }

  /** Its stdout, trimmed. Throws when it fails. */
  async read(...argv: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(argv);
    if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${exitCode} ${stdout.trim()} ${stderr.trim()}`);
    return stdout.trim();
  }

  async systemctl(...args: readonly string[]): Promise<string> {
    return this.read('systemctl', '--no-ask-password', ...args);
  }

  /** A unit's properties, such as MainPID and ActiveState. */
  async show(unit: string, ...names: readonly string[]): Promise<Record<string, string>> {
    const text = await this.systemctl('show', unit, `--property=${names.join(',')}`);
    return Object.fromEntries(text.split('\n').map((line) => line.split(/=(.*)/s, 2)));
  }

  /** What the unit has said since the machine was booted, and what systemd said of it. */
  journal(unit: string): Promise<string> {
    return this.read('journalctl', '--boot', '--no-pager', '--output=cat', `--unit=${unit}`);
  }

  /** Whether TCP connections to the port are taken there. */
  async listening(port: number): Promise<boolean> {
    return (await this.read('ss', '-Htln', 'sport', '=', `:${port}`)) !== '';
  }

  /** Resolves when it is up again. What was written stays; /run and /tmp do not. */
  async reboot(): Promise<void> {
    const before = this.#leader;
    await this.run(['systemctl', 'reboot']); // it may be ended by what it asks for
    await this.#booted(before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // SIGRTMIN+4 asks systemd to switch off (systemd(1)); Node has no name for it.
    if (this.#leader !== 0) await startCommand('kill', ['-s', 'RTMIN+4', String(this.#leader)]).ended;
    const off =
      this.#leader !== 0 &&
      (await within(
        60_000,
        this.#ended.then(() => true),
      ));
    this.#nspawn.kill('SIGKILL');
    await this.#ended;
    await this.#cgroup.remove();
    if (this.#leader !== 0 && off !== true) throw new Error(`the machine did not switch off in 60 s\n${this.#console}`);
  }

  /** Until a systemd other than `before` has started what it starts at boot. */
  async #booted(before: number): Promise<void> {
    const up = async (): Promise<boolean> => {
      if (this.#nspawn.exitCode !== null || this.#nspawn.signalCode !== null) return true;
      const leader = leaderBelow(this.#nspawn.pid ?? 0);
      if (leader === undefined || leader === before) return false;
      this.#leader = leader;
      const { stdout } = await this.run(['systemctl', 'is-system-running'], { limitMs: 10_000 });
      return ['running', 'degraded'].includes(stdout.trim());
    };
    await until(up, { what: 'the machine to boot', deadline: 120_000, interval: 50, explain: () => this.#console });
    if (this.#nspawn.exitCode !== null) throw new Error(`the machine ended at boot\n${this.#console}`);
  }
}

export interface MachineCommand {
  readonly user?: string;
  readonly limitMs?: number;
}

let machines = 0;

const repository = resolve(import.meta.dirname, '../..');
const script = join(import.meta.dirname, 'boot-machine.sh');

/** Dies with the test's process; and with it dies the first process of a new PID namespace, thus all others in it. */
const ofItsOwn = [
  '--pdeathsig=KILL',
  ...'unshare --mount --propagation=private --pid --fork --kill-child --mount-proc'.split(' '),
];

const env = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  SYSTEMD_COLORS: '0',
  SYSTEMD_PAGER: '',
};

/** The machine's PID 1 among the descendants of `pid`: two PID namespaces below us, and 1 in its own. */
function leaderBelow(pid: number): number | undefined {
  const levels = namespacePids('self').length + 2;
  const look = (one: number): number | undefined => {
    const pids = namespacePids(one);
    if (pids.length === levels && pids.at(-1) === 1 && nameOf(one) === 'systemd') return one;
    return childrenOf(one).map(look).find(Boolean);
  };
  return look(pid);
}

/** Empty for a process that has gone meanwhile, as are the next two. */
function namespacePids(pid: number | 'self'): number[] {
  const [, pids = ''] = /^NSpid:\s*(.*)$/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return pids.split(/\s+/).filter(Boolean).map(Number);
}

function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

function nameOf(pid: number): string {
  return read(`/proc/${pid}/comm`).trim();
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended since we saw it
  }
}
