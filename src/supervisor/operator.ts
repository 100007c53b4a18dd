import type { Config } from '../config/schema.ts';
import { isVacant } from '../core/seat.ts';
import {
  type AvailReply,
  type BalanceReply,
  type ConnectionsReply,
  errorBody,
  type NamesRequest,
  type RestartReply,
  type RollRequest,
  type ScaleReply,
  type ScaleRequest,
  type SignalRequest,
  type SlotResult,
  type StatusReply,
} from '../protocol/control.ts';
import type { CurlLine, CurlRequest } from '../protocol/control-curl.ts';
import type { StdinReply, StdinRequest } from '../protocol/control-stdin.ts';
import type { ProgramResult, ProgramsRequest, RereadReply, UpdateRequest } from '../protocol/control-update.ts';
import type { RebalanceRequest } from '../protocol/control-rebalance.ts';
import type { ReloadReply } from '../protocol/control-reload.ts';
import { failure } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { version } from '../shared/version.ts';
import { balanceReport } from './balance-report.ts';
import { ConnectionCounter } from './connection-counter.ts';
import { curlSlot } from './curl-command.ts';
import { addProgram, eachProgram, removeProgram } from './group-command.ts';
import type { Control } from './ports-control.ts';
import { Rebalancer } from './rebalance.ts';
import { rebalance, type TellRebalance } from './rebalance-command.ts';
import { servingPids, statusReport } from './report.ts';
import { chooseRolls, rollProgram, type TellRoll } from './roll-command.ts';
import { stateOf } from './saved-state.ts';
import { scaleProgram } from './scale-command.ts';
import { restartSlots, signalSlots, startSlots, stopSlots } from './slot-commands.ts';
import { sendStdin } from './stdin-command.ts';
import type { Supervisor } from './supervisor.ts';
import { reread, type TellUpdate, update } from './update-command.ts';
import { planUpdate, updateObstacle } from './update-plan.ts';

/** How the daemon ends: why, and with which exit code; or that it goes on as a new image of the same process. */
export interface End {
  readonly why: string;
  readonly exit: number;
  readonly reload?: boolean;
}

/** What operators can ask, from the control socket and by signals. One update or reread at a time. */
export class Operator implements Control {
  readonly #supervisor: Supervisor;
  readonly #counter: ConnectionCounter;
  readonly #rebalancer: Rebalancer;
  readonly #running: Config['supervisor'];
  readonly #ended = Promise.withResolvers<End>();
  #end: End | undefined;
  #updating: Promise<void> | undefined;
  /** Programs that `shutdown` has told to stop. */
  readonly #stopping = new Set<string>();

  constructor(supervisor: Supervisor, running: Config['supervisor']) {
    this.#supervisor = supervisor;
    this.#counter = new ConnectionCounter(supervisor);
    this.#rebalancer = new Rebalancer(supervisor);
    this.#running = running;
    supervisor.watch((program, fact) => {
      if (fact?.event === 'fatal') this.#endOnFatal(program);
      if (fact === undefined) this.#stopNext();
    });
  }

  /** Resolves when everything that ran has stopped after `shutdown`. */
  get ended(): Promise<End> {
    return this.#ended.promise;
  }

  /** It shuts down, or replaces itself. */
  get ending(): boolean {
    return this.#end !== undefined;
  }

  async status(detail: boolean): Promise<StatusReply> {
    const samples = detail
      ? await this.#supervisor.ports.machine.sample(servingPids(this.#supervisor))
      : new Map<number, never>();
    return statusReport(this.#supervisor, this.#end !== undefined, samples);
  }

  connections(): Promise<ConnectionsReply> {
    return this.#counter.counts();
  }

  async curl(
    request: CurlRequest,
    tell: (line: CurlLine) => Promise<void>,
    abort: AbortSignal,
  ): Promise<Result<undefined>> {
    return curlSlot(this.#supervisor, request, tell, abort);
  }

  balance(): BalanceReply {
    return balanceReport(this.#supervisor);
  }

  avail(): Result<AvailReply> {
    const { configFile } = this.#supervisor.ports;
    const active = this.#supervisor.active(this.#running);
    const next = configFile.path === undefined ? ok(active) : configFile.read();
    if (!next.ok) return next;
    const programs = next.value.programs.map(({ name, autostart, priority, workers }) => {
      return { name, inUse: this.#supervisor.programs.has(name), autostart, priority, workers };
    });
    return ok({ programs });
  }

  async start({ names }: NamesRequest): Promise<Result<readonly SlotResult[]>> {
    return this.#end === undefined ? ok(await startSlots(this.#supervisor, names)) : this.#closing();
  }

  async stop({ names }: NamesRequest): Promise<Result<readonly SlotResult[]>> {
    return this.#end === undefined ? ok(await stopSlots(this.#supervisor, names)) : this.#closing();
  }

  async restart({ names }: NamesRequest): Promise<Result<RestartReply>> {
    return this.#end === undefined ? ok(await restartSlots(this.#supervisor, names)) : this.#closing();
  }

  signal({ names, signal }: SignalRequest): Result<readonly SlotResult[]> {
    return this.#end === undefined ? ok(signalSlots(this.#supervisor, names, signal)) : this.#closing();
  }

  async stdin(request: StdinRequest): Promise<Result<StdinReply>> {
    return this.#end === undefined ? sendStdin(this.#supervisor, request) : this.#closing();
  }

  async roll({ programs, wait }: RollRequest, tell: TellRoll): Promise<Result<undefined>> {
    if (this.#end !== undefined) return this.#closing();
    const chosen = chooseRolls(this.#supervisor, programs);
    if (!chosen.ok) return chosen;
    const { clock } = this.#supervisor.ports;
    const startedAt = clock.now();
    const finish = (error?: Parameters<typeof errorBody>[0]): void => {
      const tookMs = Math.round(clock.now() - startedAt);
      const line = { t: 'finished', programs: chosen.value, tookMs } as const;
      tell(error === undefined ? line : { ...line, error: errorBody(error) });
    };
    if (!wait) {
      for (const name of chosen.value) void this.#rollOne(name, (line) => line.t === 'progress' && tell(line));
      finish();
      return ok();
    }
    for (const name of chosen.value) {
      const failed = await this.#rollOne(name, tell);
      if (failed === undefined) continue;
      finish(failed);
      return ok();
    }
    finish();
    return ok();
  }

  async scale(request: ScaleRequest): Promise<Result<ScaleReply>> {
    return this.#end === undefined ? scaleProgram(this.#supervisor, request) : this.#closing();
  }

  async rebalance(request: RebalanceRequest, tell: TellRebalance): Promise<Result<undefined>> {
    return this.#end === undefined ? rebalance(this.#supervisor, this.#rebalancer, request, tell) : this.#closing();
  }

  reread(): Result<RereadReply> {
    return reread(this.#supervisor, this.#running);
  }

  async update({ programs, dryRun }: UpdateRequest, tell: TellUpdate): Promise<Result<undefined>> {
    if (this.#end !== undefined) return this.#closing();
    if (dryRun === true) return planUpdate(this.#supervisor, this.#running, programs, tell);
    if (this.#updating !== undefined) return err(failure('ROLL_IN_PROGRESS', 'another update is under way'));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#updating = promise;
    try {
      return await update(this.#supervisor, this.#running, programs, tell);
    } finally {
      this.#updating = undefined;
      resolve();
    }
  }

  add({ programs }: ProgramsRequest): Result<readonly ProgramResult[]> {
    return this.#end === undefined ? ok(eachProgram(this.#supervisor, programs, addProgram)) : this.#closing();
  }

  remove({ programs }: ProgramsRequest): Result<readonly ProgramResult[]> {
    return this.#end === undefined ? ok(eachProgram(this.#supervisor, programs, removeProgram)) : this.#closing();
  }

  /** When no update is under way. */
  async updated(): Promise<void> {
    while (this.#updating !== undefined) await this.#updating;
  }

  /** Drains and stops everything; `ended` tells when that is done. */
  shutdown(end: End = { why: 'shutdown was asked for', exit: 0 }): Result<{ readonly pid: number }> {
    if (this.#end !== undefined) return this.#closing();
    this.#end = end;
    this.#supervisor.close();
    const { log, machine } = this.#supervisor.ports;
    log.info({ event: 'shuttingDown', why: end.why }, 'draining and stopping everything');
    this.#stopNext();
    return ok({ pid: machine.pid });
  }

  async reload(): Promise<Result<ReloadReply>> {
    if (this.#end !== undefined) return this.#closing();
    const { machine, successor, state } = this.#supervisor.ports;
    const busy = [...this.#supervisor.programs.values()].find(({ fleet }) => fleet.roll !== undefined);
    if (busy !== undefined) return err(failure('ROLL_IN_PROGRESS', `${busy.config.name} is being rolled`));
    if (this.#updating !== undefined) return err(failure('ROLL_IN_PROGRESS', 'an update is under way'));
    const rehearsed = await successor.rehearse();
    if (!rehearsed.ok) return rehearsed;
    if (this.#end !== undefined) return this.#closing();
    const obstacle = updateObstacle(this.#supervisor, this.#running);
    if (obstacle !== undefined) return err(failure('RELOAD_REFUSED', `the config cannot be applied: ${obstacle}`));
    const saved = state.save(stateOf(this.#supervisor, this.#running));
    if (!saved.ok) return err(failure('RELOAD_REFUSED', `the state cannot be written: ${saved.error}`));
    this.#end = { why: 'reload', exit: 0, reload: true };
    this.#ended.resolve(this.#end);
    const { clock } = this.#supervisor.ports;
    return ok({ pid: machine.pid, version, uptimeMs: clock.now() - this.#supervisor.startedAt });
  }

  async #rollOne(name: string, tell: TellRoll): ReturnType<typeof rollProgram> {
    const program = this.#supervisor.programs.get(name);
    if (program === undefined) return failure('BAD_NAME', `there is no program ${name} any more`);
    return rollProgram(this.#supervisor, program.config, tell);
  }

  /** While shutting down: stops the programs of the highest priority that still run; the next ones when those have stopped. */
  #stopNext(): void {
    if (this.#end === undefined || this.#end.reload === true) return;
    const running = [...this.#supervisor.programs.values()].filter(({ fleet }) => !fleet.slots.every(isVacant));
    if (running.length === 0) return this.#ended.resolve(this.#end);
    const highest = Math.max(...running.map(({ config }) => config.priority));
    for (const { config, fleet } of running) {
      if (config.priority < highest || this.#stopping.has(config.name)) continue;
      if (!this.#supervisor.events.hasHeardAll(config.name)) continue;
      this.#stopping.add(config.name);
      this.#supervisor.send(config.name, { is: 'stop', slots: fleet.slots.map(({ index }) => index) });
    }
  }

  #endOnFatal(name: string): void {
    const { exitOnFatal } = this.#running;
    const slots = this.#supervisor.programs.get(name)?.fleet.slots ?? [];
    if (exitOnFatal === false || !slots.every(({ seat }) => seat.is === 'FATAL')) return;
    // Not from within a decision: it is still being carried out.
    queueMicrotask(() => this.shutdown({ why: `${name} is FATAL`, exit: exitOnFatal }));
  }

  #closing(): Result<never> {
    const does = this.#end?.reload === true ? 'replacing itself (reload); ask again' : 'shutting down';
    return err(failure('SHUTTING_DOWN', `the daemon is ${does}`));
  }
}
