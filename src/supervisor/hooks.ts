import type { HookConfig } from '../config/hook-config.ts';
import { type DaemonEventName, daemonEvents, type HookEvent } from '../config/hook-events.ts';
import type { Fact } from '../core/events.ts';
import type { Delivery } from '../core/hook-queue.ts';
import type { HooksReply, HookTestReply, HookTestRequest } from '../protocol/control-hooks.ts';
import { failure } from '../shared/errors.ts';
import { hooksFlushMs, hooksHandOverCharsMax, slotsMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { hookRecord, type HookRecord } from './hook-message.ts';
import { HookRunner, type HookTools } from './hook-runner.ts';
import type { LogFields } from './ports.ts';
import type { HookControl } from './ports-hooks.ts';
import type { Supervisor } from './supervisor.ts';

/** What a reload leaves of a hook's queue to the next image. */
export interface SavedHookQueue {
  readonly hook: string;
  readonly waiting: readonly Delivery<HookRecord>[];
}

/**
 * Tells commands and URLs what happens: hears every fact of the supervisor and what the daemon's log says, and gives each hook what it
 * asked for. The hooks are those of `supervisor.hooks`, whenever they change. It decides nothing about the programs, and they never wait
 * for it.
 */
export class Hooks implements HookControl {
  readonly #supervisor: Pick<Supervisor, 'hooks' | 'watch' | 'workers'>;
  readonly #tools: HookTools;
  readonly #unwatch: () => void;
  readonly #runners = new Map<string, HookRunner>();
  readonly #pids = new Map<string, number>();
  readonly #idPrefix: string;
  #known: readonly HookConfig[] = [];
  #ids = 0;
  #closed = false;

  /** `idPrefix`: no other daemon has the same. */
  constructor(supervisor: Pick<Supervisor, 'hooks' | 'watch' | 'workers'>, idPrefix: string, tools: HookTools) {
    this.#supervisor = supervisor;
    this.#tools = tools;
    this.#idPrefix = idPrefix;
    this.#take();
    this.#unwatch = supervisor.watch((program, fact) => {
      if (fact !== undefined) this.#hear(program, fact);
      else if (supervisor.hooks !== this.#known) this.#take();
    });
  }

  /** A line of the daemon's own log. */
  hearLog({ event, ...fields }: LogFields): void {
    const known = daemonEvents.find((name) => name === event);
    if (known !== undefined) this.#tell(known, fields);
  }

  hooks(): HooksReply {
    return { hooks: this.#known.flatMap(({ name }) => this.#runners.get(name)?.status() ?? []) };
  }

  async testHook({ hook }: HookTestRequest): Promise<Result<HookTestReply>> {
    if (this.#closed) return err(failure('SHUTTING_DOWN', 'the daemon is shutting down'));
    const runner = this.#runners.get(hook);
    if (runner === undefined)
      return err(failure('BAD_NAME', `there is no hook ${hook}`, '`portherdctl hooks` lists the hooks.'));
    const { clock } = this.#tools;
    const [id, begun] = [this.#nextId(), clock.now()];
    const why = 'somebody wanted to know whether this hook works';
    const tested = await runner.test(id, hookRecord('test', clock.wall(), { why }));
    if (!tested.ok) return err(failure('HOOK_FAILED', `${hook}: ${tested.error}`));
    return ok({ hook, id, tookMs: Math.round(clock.now() - begun) });
  }

  /** What a former image of the daemon has left. */
  resume(queues: readonly SavedHookQueue[]): void {
    for (const { hook, waiting } of queues) {
      const runner = this.#runners.get(hook);
      if (runner === undefined) this.#left(hook, waiting.length, 'the hook is gone');
      else runner.resume(waiting);
    }
  }

  /** For the next image: nothing is lost, but the oldest of what is too much for the state. What is under way may end first. */
  async handOver(): Promise<readonly SavedHookQueue[]> {
    const runners = [...this.#runners.values()];
    await Promise.all(runners.map((runner) => runner.hold(handOverGraceMs)));
    // At once for all of them: what happens now is in no queue.
    this.#closed = true;
    this.#unwatch();
    const left = runners.map((runner) => ({ hook: runner.config.name, ...runner.handOver() }));
    await Promise.all(left.map(({ over }) => over));
    let room = hooksHandOverCharsMax;
    return left.map(({ hook, waiting }) => {
      const kept: Delivery<HookRecord>[] = [];
      for (const delivery of waiting.toReversed()) {
        room -= JSON.stringify(delivery).length;
        if (room >= 0) kept.unshift(delivery);
      }
      this.#left(hook, waiting.length - kept.length, 'there are too many to hand them over');
      return { hook, waiting: kept };
    });
  }

  /** No more events; what waits has `hooksFlushMs` to be delivered. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unwatch();
    const runners = [...this.#runners.values()];
    for (const runner of runners) runner.hurry();
    const until = this.#tools.clock.now() + hooksFlushMs;
    while (runners.some(({ isIdle }) => !isIdle) && this.#tools.clock.now() < until) await pause(flushLookMs);
    await Promise.all(runners.map((runner) => this.#close(runner, 'the daemon ends')));
  }

  async #close(runner: HookRunner, why: string): Promise<void> {
    this.#left(runner.config.name, await runner.close(why), why);
  }

  #left(hook: string, events: number, why: string): void {
    if (events === 0) return;
    const fields = { event: 'hookLeft', hook, events, why };
    this.#tools.log.warn(fields, 'events that waited for a hook are not delivered');
  }

  /** One that is still there keeps what waits for it. */
  #take(): void {
    const { hooks } = this.#supervisor;
    this.#known = hooks;
    for (const [name, runner] of this.#runners) {
      if (hooks.some((hook) => hook.name === name)) continue;
      this.#runners.delete(name);
      void this.#close(runner, 'the hook is gone');
    }
    for (const hook of hooks) {
      const runner = this.#runners.get(hook.name);
      if (runner === undefined) this.#runners.set(hook.name, new HookRunner(hook, this.#tools));
      else if (JSON.stringify(runner.config) !== JSON.stringify(hook)) runner.reconfigure(hook);
    }
  }

  #hear(program: string, { event, ...fact }: Fact): void {
    const pid = 'worker' in fact && fact.worker !== undefined ? this.#pidOf(program, fact) : undefined;
    this.#tell(event, { program, ...fact, ...(pid !== undefined && { pid }) });
  }

  /** A worker that has ended is not in the books any more, when that is told. */
  #pidOf(program: string, fact: { readonly worker?: number | undefined; readonly pid?: number }): number | undefined {
    const { worker = -1 } = fact;
    const key = `${program}:${worker}`;
    const live = this.#supervisor.workers.find(program, worker);
    const pid = fact.pid ?? (live?.serving ?? live?.process)?.pid ?? this.#pids.get(key);
    if (pid === undefined) return undefined;
    this.#pids.set(key, pid);
    const [oldest] = this.#pids.keys();
    if (this.#pids.size > pidsMax && oldest !== undefined) this.#pids.delete(oldest);
    return pid;
  }

  #tell(event: Fact['event'] | DaemonEventName, fields: Readonly<Record<string, unknown>>): void {
    if (this.#closed || this.#runners.size === 0) return;
    let record: HookRecord | undefined;
    for (const runner of this.#runners.values()) {
      if (!concerns(runner.config, event, fields['program'])) continue;
      record ??= hookRecord(event, this.#tools.clock.wall(), fields);
      runner.tell(this.#nextId(), record);
    }
  }

  #nextId(): string {
    this.#ids += 1;
    return `${this.#idPrefix}-${this.#ids}`;
  }
}

function concerns({ events, programs }: HookConfig, event: HookEvent, program: unknown): boolean {
  return events.includes(event) && (programs.length === 0 || programs.some((name) => name === program));
}

function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  return promise;
}

const flushLookMs = 20;
/** Of a reload: most deliveries take less, and whoever asked for it waits. */
const handOverGraceMs = 500;
const pidsMax = 4 * slotsMax;
