import { readdirSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ProgramStatus, StatusReply } from '../../src/protocol/control.ts';
import { askControl } from './control-client.ts';
import { type Load, startLoad } from './load.ts';
import type { LossOptions } from './loss-client.ts';
import type { CommandResult } from './running-command.ts';
import { SystemdMachine } from './systemd-machine.ts';
import { until } from './until.ts';

/**
 * A machine with portherd installed as a package would: the built dist in /usr/lib/portherd, the commands in /usr/bin, what systemd/
 * ships where systemd looks for it, one config file. Nothing is started yet.
 */
export class PortherdMachine implements AsyncDisposable {
  readonly machine: SystemdMachine;

  static async boot(programs: Programs, files: Readonly<Record<string, string>> = {}): Promise<PortherdMachine> {
    await using partial = new AsyncDisposableStack();
    const machine = partial.use(await SystemdMachine.boot());
    await install(machine);
    for (const [path, text] of Object.entries(files)) await machine.write(path, text);
    const portherd = new PortherdMachine(machine);
    await portherd.configure(programs);
    await machine.systemctl('daemon-reload');
    partial.move();
    return portherd;
  }

  private constructor(machine: SystemdMachine) {
    this.machine = machine;
  }

  /** Writes the config file; who shall take notice is the caller's business. */
  async configure(programs: Programs, supervisor?: Readonly<Record<string, unknown>>): Promise<void> {
    const config = { ...(supervisor && { supervisor }), programs };
    await this.machine.write(configFile, JSON.stringify(config, undefined, 2)); // JSON is YAML
  }

  systemctl(...args: readonly string[]): Promise<string> {
    return this.machine.systemctl(...args);
  }

  ctl(...args: readonly string[]): Promise<CommandResult> {
    return this.machine.run(['portherdctl', ...args]);
  }

  /** Asked at the control socket itself: portherdctl would take longer to start than some of what is measured. */
  async status(): Promise<StatusReply> {
    return (await askControl(this.machine.path(controlSocket), 'GET', '/v1/status')).json();
  }

  /** Of the answer: the worker's pid, or why not. */
  async sendStdin(name: string, text: string): Promise<unknown> {
    return (await askControl(this.machine.path(controlSocket), 'POST', '/v1/stdin', { name, text })).json();
  }

  async program(name: string): Promise<ProgramStatus> {
    const found = (await this.status()).programs.find((program) => program.name === name);
    if (found === undefined) throw new Error(`there is no program ${name}`);
    return found;
  }

  /** Of the serving workers, by slot; as the machine counts pids. */
  async pids(name = 'web'): Promise<number[]> {
    return (await this.program(name)).slots.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** As systemd knows it; 0 when there is none. */
  async mainPid(): Promise<number> {
    return Number((await this.machine.show(unit, 'MainPID'))['MainPID']);
  }

  /** All slots of all programs are ready. */
  async untilReady(): Promise<void> {
    const ready = async (): Promise<boolean> => {
      const { programs } = await this.status();
      return programs.length > 0 && programs.every(({ slots }) => slots.every((slot) => slot.ready));
    };
    await until(ready, { what: 'every slot to be ready', deadline }).catch((thrown: unknown) => this.explain(thrown));
  }

  /** systemd has started another supervisor than `before`; its MainPID. */
  untilOtherMain(before: number): Promise<number> {
    const other = async (): Promise<number | undefined> => {
      const pid = await this.mainPid();
      return pid === 0 || pid === before ? undefined : pid;
    };
    return until(other, { what: `another supervisor than ${before}`, deadline }).catch((t: unknown) => this.explain(t));
  }

  /** What is logged comes a while after it has happened. */
  async untilJournal(said: RegExp): Promise<void> {
    const told = async (): Promise<boolean> => said.test(await this.machine.journal(unit));
    await until(told, { what: `${said} in the journal`, deadline }).catch((thrown: unknown) => this.explain(thrown));
  }

  /** Somebody has a connection to port 80. */
  async untilConnected(): Promise<void> {
    const connections = 'ss -Htn state established sport = :80'.split(' ');
    const connected = async (): Promise<boolean> => (await this.machine.read(...connections)) !== '';
    await until(connected, { what: 'a connection to port 80', deadline });
  }

  /** Throws it again, with the end of the unit's journal. */
  async explain(thrown: unknown): Promise<never> {
    const journal = (await this.machine.journal(unit)).split('\n').slice(-40).join('\n');
    throw new Error(`${String(thrown)}\n${journal}`, { cause: thrown });
  }

  /** `systemctl start`, then every slot is ready. */
  async start(): Promise<void> {
    await this.systemctl('start', unit).catch((thrown: unknown) => this.explain(thrown));
    await this.untilReady();
  }

  /** From within the machine's network; resolves when it is under way. */
  async load(port = 80, options: Partial<LossOptions> = {}): Promise<Load> {
    await using partial = new AsyncDisposableStack();
    const load = partial.use(await startLoad({ port, ...constantLoad, ...options }, this.machine.inNetwork));
    await until(async () => (await load.report()).oneShot.ok > 50, { what: 'the load to be under way', deadline });
    partial.move();
    return load;
  }

  /** What one request gets. */
  async get(port = 80): Promise<string> {
    return this.machine.read('curl', '--silent', '--show-error', '--max-time', '50', `http://127.0.0.1:${port}/`);
  }

  /** Every process of the machine that is portherd or was started by it, by the directories that their commands name. */
  async processes(): Promise<string[]> {
    const all = await this.machine.read('ps', '-eo', 'pid,stat,args', '--no-headers');
    return all.split('\n').filter((line) => /\/usr\/lib\/portherd|\/usr\/bin\/portherd|\/srv\/apps/.test(line));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.machine[Symbol.asyncDispose]();
  }
}

export type Programs = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export const unit = 'portherd.service';
export const controlSocket = '/run/portherd/control.sock';
const configFile = '/etc/portherd/portherd.yaml';

/** Of what takes a second; a machine may be several times slower, and busy. */
const deadline = 60_000;

/** Less than two cores can serve, so that the supervisor and systemd find time. */
const constantLoad = { connections: 4, keepAlive: { clients: 6, thinkMs: 20 } } as const;

const root = resolve(import.meta.dirname, '../..');
const home = '/usr/lib/portherd';

async function install(machine: SystemdMachine): Promise<void> {
  // What somebody who tried portherd here has left is seen there too.
  await machine.read('rm', '-rf', '/etc/portherd', '/var/log/portherd', '/var/lib/portherd');
  await cp(join(root, 'dist'), machine.path(`${home}/dist`), { recursive: true });
  await cp(join(root, 'package.json'), machine.path(`${home}/package.json`));
  const links = {
    '/usr/local/bin/node': `${home}/node_modules/node/bin/node`, // the machine's own may be too old
    '/usr/bin/portherd': `${home}/dist/main.js`,
    '/usr/bin/portherdctl': `${home}/dist/ctl.js`,
  };
  for (const [path, target] of Object.entries(links)) await machine.read('ln', '-sfn', target, path);
  for (const file of readdirSync(join(root, 'systemd'))) {
    const place = places.find(([pattern]) => pattern.test(file))?.[1];
    if (place === undefined) continue;
    await machine.write(join(place, file), await readFile(join(root, 'systemd', file), 'utf8'));
  }
  await machine.read('systemd-sysusers');
  await machine.read('systemd-tmpfiles', '--create', '--prefix=/etc', '--prefix=/run', '--prefix=/var/lib');
}

/** Where an administrator puts each kind of file that systemd/ ships; the optional ones are left to the tests. */
const places = [
  [/\.(?:service|socket)$/, '/etc/systemd/system'],
  [/^sysusers.*\.conf$/, '/etc/sysusers.d'],
  [/^tmpfiles.*\.conf$/, '/etc/tmpfiles.d'],
] as const;
