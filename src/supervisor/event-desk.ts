import { listensToEvents } from '../config/events-schema.ts';
import type { ProgramConfig } from '../config/schema.ts';
import { envelope } from '../core/event-envelope.ts';
import type { Heard } from '../core/event-listener.ts';
import type { News } from '../core/event-payloads.ts';
import * as pools from '../core/event-pool.ts';
import { includes } from '../shared/event-names.ts';
import { eventBusyMsMax, eventFarewellMsMax, eventLogEveryMs } from '../shared/limits.ts';
import type { ListenerState } from '../shared/states.ts';
import type { LiveWorkers } from './live-workers.ts';
import type { Clock, Log } from './ports.ts';
import type { EventPipes, PipeEvent } from './ports-events.ts';
import type { Program } from './supervisor.ts';
import { Tally } from './tally.ts';

/** What of a supervisor the desk works with. */
export interface DeskSupervisor {
  readonly programs: ReadonlyMap<string, Program>;
  readonly workers: Pick<LiveWorkers, 'find' | 'byHandle'>;
  readonly send: (program: string, event: { readonly is: 'tick' }) => void;
  readonly ports: { readonly clock: Pick<Clock, 'now'>; readonly log: Log };
}

interface Desk {
  readonly config: ProgramConfig;
  readonly discarded: Tally;
  readonly rejected: Tally;
  pool: pools.EventPool;
  retry: NodeJS.Timeout | undefined;
}

/**
 * Events go to the pools of listeners that subscribed to them, and from there to the listeners. What happened is event-watch.ts's business,
 * who gets what core/event-pool.ts's. Nothing here outlives the supervisor: the next one begins with empty pools.
 */
export class EventDesk {
  readonly #supervisor: DeskSupervisor;
  readonly #desks = new Map<string, Desk>();
  readonly #programOf = new Map<number, string>();
  /** The serial of the last event over which a worker was told to take long. */
  readonly #slow = new Map<number, number>();
  readonly #farewells = new Map<string, number>();
  #pipes: EventPipes | undefined;
  #serial = 0;

  constructor(supervisor: DeskSupervisor) {
    this.#supervisor = supervisor;
  }

  connect(pipes: EventPipes): void {
    this.#pipes = pipes;
  }

  /** From now on its listeners are told. A program that is no listener has no desk. */
  open(config: ProgramConfig): void {
    const { name } = config;
    const known = this.#desks.get(name);
    if (!listensToEvents(config)) return this.close(name);
    if (known?.config === config) return;
    const [discarded, rejected] = [new Tally(eventLogEveryMs), new Tally(eventLogEveryMs)];
    const fresh = { pool: pools.newPool(), retry: undefined, discarded, rejected };
    this.#desks.set(name, { ...fresh, ...known, config });
  }

  close(name: string): void {
    clearTimeout(this.#desks.get(name)?.retry);
    this.#desks.delete(name);
  }

  /** Whether an event of this name would reach anybody: what is costly to know need not be looked for. */
  wants(name: News['name']): boolean {
    return [...this.#desks.values()].some(({ config }) => includes(config.events.subscribe, name));
  }

  publish(news: News): void {
    if (!this.wants(news.name)) return;
    const happening = { ...news, serial: this.#serial };
    this.#serial += 1;
    for (const desk of this.#desks.values()) {
      const { subscribe, buffer } = desk.config.events;
      if (includes(subscribe, news.name)) this.#change(desk, pools.accept(desk.pool, happening, buffer));
    }
  }

  heard(event: PipeEvent): void {
    if (event.is === 'joined') this.#programOf.set(event.worker, event.program);
    const desk = this.#desks.get(this.#programOf.get(event.worker) ?? '');
    if (event.is === 'left') {
      this.#programOf.delete(event.worker);
      this.#slow.delete(event.worker);
    }
    if (desk === undefined) return;
    const room = desk.config.events.buffer;
    switch (event.is) {
      case 'joined':
        return this.#change(desk, pools.join(desk.pool, event.worker));
      case 'left':
        return this.#change(desk, pools.leave(desk.pool, event.worker, room));
      case 'deafened':
        return this.#deafen(desk, event.worker, event.why);
      case 'said': {
        const now = this.#supervisor.ports.clock.now();
        const [pool, ...heard] = pools.hear(desk.pool, event.worker, event.bytes, { room, now });
        for (const one of heard) this.#note(desk, event.worker, one);
        this.#change(desk, pool);
        return this.#askAgain(desk.config.name);
      }
    }
  }

  /** Gives out what can be: who is RUNNING may have changed. */
  deliver(): void {
    for (const desk of this.#desks.values()) this.#deliver(desk);
  }

  /** Tells of what has been going on for too long, or often; to be called each second. */
  look(): void {
    const now = this.#supervisor.ports.clock.now();
    for (const desk of this.#desks.values()) {
      this.#tell(desk);
      for (const [worker, conversation] of desk.pool.conversations) {
        if (conversation.is !== 'BUSY' || now - conversation.since < eventBusyMsMax) continue;
        const { serial, name } = conversation.event;
        if (this.#slow.get(worker) === serial) continue;
        this.#slow.set(worker, serial);
        const fields = { ...this.#subject(desk, worker), eventname: name, serial, forMs: now - conversation.since };
        this.#log.warn({ event: 'listenerSlow', ...fields }, 'listener has not answered yet; events wait meanwhile');
      }
    }
  }

  /** While everything is stopped: whether a program's listeners have heard the last, or had their time for it. */
  hasHeardAll(name: string): boolean {
    const desk = this.#desks.get(name);
    if (desk === undefined || pools.hasHeardAll(desk.pool, this.#running(desk))) return true;
    const now = this.#supervisor.ports.clock.now();
    const until = this.#farewells.get(name) ?? now + eventFarewellMsMax;
    if (!this.#farewells.has(name)) setTimeout(() => this.#askAgain(name), eventFarewellMsMax).unref();
    this.#farewells.set(name, until);
    return now >= until;
  }

  /** Whoever waits for hasHeardAll asks after each decision. */
  #askAgain(name: string): void {
    if (this.#farewells.has(name)) this.#supervisor.send(name, { is: 'tick' });
  }

  /** What a worker's conversation is like; undefined: it has none. */
  stateOf(worker: number): ListenerState | undefined {
    return this.#desks.get(this.#programOf.get(worker) ?? '')?.pool.conversations.get(worker)?.is;
  }

  poolOf(program: string): Pick<pools.EventPool, 'waiting' | 'discarded'> | undefined {
    return this.#desks.get(program)?.pool;
  }

  /** No timer of it keeps the process. */
  end(): void {
    for (const name of this.#desks.keys()) this.close(name);
  }

  get #log(): Log {
    return this.#supervisor.ports.log;
  }

  #change(desk: Desk, pool: pools.EventPool): void {
    const discarded = pool.discarded - desk.pool.discarded;
    desk.pool = pool;
    if (discarded > 0) {
      desk.discarded.add(discarded);
      this.#tell(desk);
    }
    this.#deliver(desk);
  }

  #deliver(desk: Desk): void {
    if (desk.pool.waiting.length === 0) return;
    const now = this.#supervisor.ports.clock.now();
    let running = this.#running(desk);
    for (;;) {
      const next = pools.nextDelivery(desk.pool, running, now);
      if (next === undefined) break;
      const sent = this.#pipes?.send(next.worker, envelope(next.event, desk.config.name)) === true;
      if (sent) desk.pool = pools.deliver(desk.pool, next.worker, now);
      // A pipe is closed; soon it is known whether the process has ended or only does not listen.
      else running = running.filter((worker) => worker !== next.worker);
    }
    if (now >= desk.pool.notBefore || desk.retry !== undefined) return;
    desk.retry = setTimeout(() => {
      desk.retry = undefined;
      this.#deliver(desk);
    }, desk.pool.notBefore - now).unref();
  }

  /** Those that may be told: in supervisord, too, only the RUNNING ones. In the order of their slots. */
  #running({ config: { name } }: Desk): readonly number[] {
    const { programs, workers } = this.#supervisor;
    return (programs.get(name)?.fleet.slots ?? []).flatMap(({ seat }) => {
      const live = seat.is === 'RUNNING' ? workers.find(name, seat.worker.id) : undefined;
      return live === undefined ? [] : [live.handle];
    });
  }

  #deafen(desk: Desk, worker: number, why: string): void {
    if (desk.pool.conversations.get(worker)?.is === 'UNKNOWN') return;
    this.#note(desk, worker, { is: 'violated', event: undefined, why });
    this.#change(desk, pools.deafen(desk.pool, worker, why, desk.config.events.buffer));
  }

  #note(desk: Desk, worker: number, heard: Heard<pools.PoolEvent>): void {
    const subject = this.#subject(desk, worker);
    if (heard.is === 'violated') {
      const fields = { event: 'listenerUnknown', ...subject, why: heard.why };
      this.#log.warn(fields, 'listener broke the protocol and hears no more events; restart it when it is mended');
    }
    if (heard.is !== 'rejected') return;
    desk.rejected.add(1);
    const count = desk.rejected.take(this.#supervisor.ports.clock.now());
    const { event, said } = heard;
    const fields = { ...subject, eventname: event.name, serial: event.serial, said, count };
    if (count > 0)
      this.#log.warn({ event: 'eventRejected', ...fields }, 'listener rejected an event; it is given again');
  }

  #tell({ config, pool, discarded }: Desk): void {
    const count = discarded.take(this.#supervisor.ports.clock.now());
    if (count === 0) return;
    const error = `${count} events were thrown away, the oldest first: ${pool.waiting.length} wait already`;
    this.#log.error(
      { event: 'eventsDiscarded', program: config.name, count, error },
      'listeners are too slow for so many events',
    );
  }

  #subject({ config: { name } }: Desk, worker: number): { readonly program: string; readonly slot?: number } {
    const slot = this.#supervisor.workers.byHandle(worker)?.slot;
    return slot === undefined ? { program: name } : { program: name, slot };
  }
}
