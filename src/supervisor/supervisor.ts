import type { HookConfig } from '../config/hook-config.ts';
import type { Config, ProgramConfig } from '../config/schema.ts';
import { nextDeadline } from '../core/deadlines.ts';
import type { Fact, FleetEvent } from '../core/events.ts';
import { type Fleet, newFleet, stepFleet } from '../core/fleet.ts';
import { isVacant } from '../core/seat.ts';
import { assert } from '../shared/assert.ts';
import { EventDesk } from './event-desk.ts';
import { LiveWorkers } from './live-workers.ts';
import { logFact } from './log-fact.ts';
import { type Performance, perform } from './perform.ts';
import type { Ports } from './ports.ts';

/** One program under supervision. */
export interface Program {
  readonly config: ProgramConfig;
  readonly fleet: Fleet;
  /** What each generation that may still be started is started from. */
  readonly launches: ReadonlyMap<number, ProgramConfig>;
}

export type Watcher = (program: string, fact: Fact | undefined) => void;

/**
 * Events in, one at a time → core decides → effects out. The only mutable state of the daemon is the map below, and only
 * this class assigns it. It has no opinions: those are in core/.
 */
export class Supervisor {
  readonly workers = new LiveWorkers();
  /** Where event listeners are told of events. */
  readonly events: EventDesk;
  readonly ports: Ports;
  readonly startedAt: number;
  readonly #programs = new Map<string, Program>();
  readonly #queue: { readonly program: string; readonly event: FleetEvent }[] = [];
  readonly #watchers = new Set<Watcher>();
  #busy = false;
  #ticking = false;
  #hooks: readonly HookConfig[] = [];
  #closing = false;

  constructor(ports: Ports) {
    this.ports = ports;
    this.startedAt = ports.clock.now();
    this.events = new EventDesk(this);
  }

  get programs(): ReadonlyMap<string, Program> {
    return this.#programs;
  }

  /** Whom to tell of what happens; hooks.ts does. */
  get hooks(): readonly HookConfig[] {
    return this.#hooks;
  }

  useHooks(hooks: readonly HookConfig[]): void {
    this.#hooks = hooks;
    // No program's, but the state of the daemon is another.
    for (const watcher of this.#watchers) watcher('', undefined);
  }

  /** The daemon is on its way out: a command that was under way must not begin anything new. */
  get closing(): boolean {
    return this.#closing;
  }

  close(): void {
    this.#closing = true;
    this.#tellChange('');
  }

  add(config: ProgramConfig, launch: ProgramConfig): void {
    assert(!this.#programs.has(config.name), `program ${config.name} is added twice`);
    this.#programs.set(config.name, { config, fleet: newFleet(config.workers), launches: new Map([[1, launch]]) });
    this.#tellChange(config.name);
  }

  /** A program as a former supervisor left it. */
  take({ config, fleet, launches }: Program): void {
    assert(!this.#programs.has(config.name), `program ${config.name} is taken over twice`);
    this.#programs.set(config.name, { config, fleet, launches });
  }

  /** Only a program without a process can go. */
  remove(name: string): void {
    const program = this.#programs.get(name);
    assert(program?.fleet.slots.every(isVacant) === true, `program ${name} is removed while it runs`);
    this.#programs.delete(name);
    this.#tellChange(name);
  }

  /** A change of policy: from the next decision on. What generations are started from does not change, but for readiness. */
  reconfigure(config: ProgramConfig): void {
    const program = this.#programs.get(config.name);
    if (program === undefined) return;
    const { readiness } = config;
    const launches = new Map([...program.launches].map(([known, launch]) => [known, { ...launch, readiness }]));
    this.#programs.set(config.name, { ...program, config, launches });
    this.#arm();
    this.#tellChange(config.name);
  }

  /** The whole program begins anew: every generation that a slot may start is started from `launch`. */
  renew(name: string, launch: ProgramConfig): void {
    const program = this.#programs.get(name);
    if (program === undefined) return;
    const launches = new Map([...program.launches.keys()].map((known) => [known, launch]));
    this.#programs.set(name, { ...program, launches });
  }

  /** Generations that no slot can start any more are forgotten. */
  remember(name: string, generation: number, launch: ProgramConfig): void {
    const program = this.#programs.get(name);
    if (program === undefined) return;
    const { slots, generation: current } = program.fleet;
    const needed = new Set([current, ...slots.map((slot) => slot.generation)]);
    const kept = [...program.launches].filter(([known]) => needed.has(known));
    this.#programs.set(name, { ...program, launches: new Map([...kept, [generation, launch]]) });
  }

  /** The configuration that is in force. */
  active(supervisor: Config['supervisor']): Config {
    const programs = [...this.#programs.values()].map(({ config }) => config);
    return { file: this.ports.configFile.path, supervisor, hooks: this.#hooks, programs };
  }

  /** Queues an event; it is decided before anything else happens, unless another one is being decided. */
  send(program: string, event: FleetEvent): void {
    this.#queue.push({ program, event });
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift())
        this.#decide(next.program, next.event);
    } finally {
      this.#busy = false;
    }
    if (!this.#ticking) this.#arm();
  }

  /** Hears every fact, and `undefined` after each decision. Returns what ends it. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #decide(name: string, event: FleetEvent): void {
    const program = this.#programs.get(name);
    if (program === undefined) return;
    const { config, launches } = program;
    const readinessOf = (generation: number): ProgramConfig['readiness'] =>
      (launches.get(generation) ?? config).readiness;
    const [fleet, ...effects] = stepFleet(program.fleet, event, this.ports.clock.now(), config, readinessOf);
    const now = { ...program, fleet };
    this.#programs.set(name, now);
    const performance: Performance = {
      ports: this.ports,
      workers: this.workers,
      program: now,
      send: (next) => this.send(name, next),
      announce: (fact) => this.#announce(now, fact),
    };
    for (const effect of effects) perform(effect, performance);
    this.#tellChange(name);
  }

  /** Also where nothing was decided: the state that a next supervisor starts from is another. No name: the daemon’s own. */
  #tellChange(name: string): void {
    for (const watcher of this.#watchers) watcher(name, undefined);
  }

  #announce(program: Program, fact: Fact): void {
    const { name } = program.config;
    logFact(this.ports.log, name, fact);
    for (const watcher of this.#watchers) watcher(name, fact);
  }

  #arm(): void {
    const due = Math.min(...[...this.#programs.values()].map(({ fleet }) => nextDeadline(fleet)));
    this.ports.clock.wakeAt(Number.isFinite(due) ? due : undefined, () => this.#tick());
  }

  #tick(): void {
    const now = this.ports.clock.now();
    this.#ticking = true;
    for (const [name, { fleet }] of this.#programs) if (nextDeadline(fleet) <= now) this.send(name, { is: 'tick' });
    this.#ticking = false;
    this.#arm();
  }
}
