/** What one slot looked like at one moment. A `?` is absent for programs without the preload. */
export interface Reading {
  readonly slot: number;
  /** Id of the worker that serves here. */
  readonly worker: number;
  /** Of the workers that accept here, as of their last beat: connections open now, accepted ever. */
  readonly open?: number;
  readonly total?: number;
  readonly inFlight?: number;
  /** Connections that the kernel dealt this slot, as of now, from an arbitrary start on; absent where nobody counts that. */
  readonly dealt?: number;
  /** Connections in the accept queue, and its limit; summed over the slot's ports, as of now. */
  readonly queue: number;
  readonly backlog: number;
  /** SYNs and ACKs that found the queue full, since the socket exists. */
  readonly drops: number;
  /** Event-loop delay (p99 since the last beat, ms) and utilisation (0..1) of the serving worker. */
  readonly lagMs?: number;
  readonly elu?: number;
  /** How long ago the serving worker last said something, ms; absent without a channel to it. */
  readonly beatAgeMs?: number;
}
