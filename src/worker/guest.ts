import { channel, subscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:net';
import type { PlannedPort } from '../protocol/channel.ts';
import { drainHoldMs } from '../shared/limits.ts';
import { appChannels, type DrainNotice } from './app-channels.ts';
import { WorkerChannel } from './channel.ts';
import { removeSettings, type Settings } from './claim.ts';
import { Connections } from './connections.ts';
import { Drain } from './drain.ts';
import { outliveFullDisk } from './full-disk.ts';
import { Goaways } from './goaways.ts';
import { guarded } from './guarded.ts';
import { Listening } from './listen.ts';
import { type Counts, Pulse } from './pulse.ts';
import { hearReady } from './ready-message.ts';
import { Shedding } from './shedding.ts';
import { stopListener } from './stop-listener.ts';

/** Wires the parts of the preload together, in a process that may become the worker of a slot. */
export function startGuest(settings: Settings): void {
  const guest = new Guest(settings);
  guest.start();
  if (settings.claim === 'boot') guest.claim();
}

class Guest {
  #claimed = false;
  #ready = false;
  #draining: DrainNotice | undefined;
  readonly #adopted = new WeakMap<Server, boolean>();
  readonly #settings: Settings;
  readonly #channel: WorkerChannel;
  readonly #listening: Listening;
  readonly #connections: Connections;
  readonly #drain: Drain;
  readonly #shedding: Shedding;
  readonly #pulse: Pulse;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#channel = new WorkerChannel({
      socket: settings.socket,
      token: settings.token,
      onWelcome: () => this.#tellAll(),
      onDrain: (idleMs, totalMs) => this.#beginDrain({ idleMs, totalMs }),
      onShed: (count) => this.#shed(count),
      onReport: () => this.#beat(),
    });
    this.#listening = new Listening(settings.plan, {
      claim: () => this.claim(),
      listening: (server, planned, adopted) => this.#nowListening(server, planned, adopted),
      strayed: ({ port }, why) => this.#channel.send({ t: 'strayed', port, why }),
    });
    this.#connections = new Connections({
      counted: () => this.#pulse.stir(),
      emptied: () => {
        this.#shedding.emptied();
        this.#drain.emptied();
      },
      requested: (connection, response) => {
        this.#drain.requested(connection, response);
        this.#shedding.requested(connection, response);
      },
      streamOpened: (session) => this.#drain.streamOpened(session),
    });
    const goaways = new Goaways();
    this.#drain = new Drain(this.#connections, goaways, {
      ticked: () => this.#beat(),
      drained: () => this.#drained(),
    });
    this.#shedding = new Shedding(this.#connections, goaways);
    this.#pulse = new Pulse({
      counts: () => this.#counts(),
      changes: () => this.#connections.changes,
      send: (beat) => this.#channel.send(beat),
    });
  }

  /** What must be in place before the app runs: hooks, which cost nothing while the app does not listen. */
  start(): void {
    guarded(outliveFullDisk)(undefined);
    this.#listening.start();
    subscribe(
      appChannels.ready,
      guarded(() => this.#nowReady()),
    );
    subscribe(
      appChannels.query,
      guarded((query) => this.#answer(query)),
    );
  }

  /** portherd/app may be imported when the drain has begun. */
  #answer(query: unknown): void {
    if (typeof query === 'object' && query !== null) Object.assign(query, { draining: this.#draining });
  }

  /** This process is the worker: it dials, and what it starts is not. */
  claim(): void {
    if (this.#claimed) return;
    this.#claimed = true;
    removeSettings(process.env);
    this.#connections.start();
    if (this.#settings.plan.readiness === 'message') hearReady(() => this.#nowReady());
    this.#pulse.start();
    this.#channel.start();
  }

  #nowListening(server: Server, planned: PlannedPort, adopted: boolean): void {
    this.#adopted.set(server, adopted);
    this.#connections.declare(server);
    this.#tellListening(server, planned);
    this.#beat();
  }

  #nowReady(): void {
    this.#ready = true;
    this.#channel.send({ t: 'ready' });
  }

  #beginDrain(notice: DrainNotice): void {
    const first = this.#draining === undefined;
    this.#draining = notice;
    if (first) {
      this.#listening.stop();
      for (const server of this.#listening.servers.keys()) stopListener(server, notice.totalMs + drainHoldMs);
    }
    this.#drain.begin(notice.idleMs, notice.totalMs);
    if (first) channel(appChannels.drain).publish(notice);
    this.#beat();
  }

  /** Drain asks everybody. */
  #shed(count: number): void {
    if (this.#draining !== undefined) return;
    this.#shedding.shed(count);
    this.#beat();
  }

  #drained(): void {
    this.#beat();
    this.#channel.send({ t: 'drained' });
  }

  /** A supervisor that has just welcomed us may be a new one. */
  #tellAll(): void {
    for (const [server, planned] of this.#listening.servers) this.#tellListening(server, planned);
    if (this.#ready) this.#channel.send({ t: 'ready' });
    this.#beat();
    if (this.#drain.step === 'drained') this.#channel.send({ t: 'drained' });
  }

  #tellListening(server: Server, { port, host }: PlannedPort): void {
    const adopted = this.#adopted.get(server) ?? false;
    if (this.#draining === undefined) this.#channel.send({ t: 'listening', port, host, adopted });
  }

  #beat(): void {
    if (this.#claimed) this.#pulse.beat();
  }

  #counts(): Counts {
    const { open, total, requests, inFlight } = this.#connections;
    const { closedIdle, closedHard } = this.#drain;
    const { pending: shedding, closed: shed } = this.#shedding;
    return { open: open.size, total, requests, inFlight, closedIdle, closedHard, shedding, shed };
  }
}
