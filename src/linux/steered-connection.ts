import type { ProcessRef } from '../supervisor/ports.ts';
import type { ProgramPorts, SlotListeners } from './listeners.ts';
import {
  connectFrom,
  type ProbeConnection,
  randomSourcePort,
  reachableAddress,
  retire,
  type Taker,
  takerOf,
} from './probe-connection.ts';
import type { SlotSteering } from './steering.ts';
import type { Endpoint } from './tcp-row.ts';
import type { TcpTable } from './tcp-table.ts';

/**
 * One connection to one slot through the port that all share: a rule of the steering program sends it there by its source port,
 * and the kernel's list says which process accepted it. One attempt: whoever wants a certain process tries again, because
 * old and new worker of a slot accept on the same socket, and with `bind: worker`, or when steering is refused, the
 * kernel's hash chooses among all.
 */
export interface SteeredConnections {
  /** Where the slot is reached, in the order of the config; fewer than there are ports when its sockets are closed. */
  targets(program: ProgramPorts, slot: number): readonly Target[];
  /** `until`: monotonic ms. `abort` ends the waiting for somebody to accept. */
  attempt(target: Target, wanted: Wanted, until: number, abort?: AbortSignal): Promise<Attempt>;
}

/** A port of a slot; `inode` of the slot's socket, undefined with `bind: worker`. */
export interface Target {
  readonly server: Endpoint;
  readonly inode: number | undefined;
}

export interface Wanted {
  readonly program: string;
  readonly slot: number;
  /** Leader of the process group that shall accept. */
  readonly process: ProcessRef;
}

export type Attempt =
  /** `pid` accepted; the caller ends the connection. */
  | { readonly is: 'taken'; readonly pid: number; readonly connection: ProbeConnection }
  /** See Taker; the connection has been ended. */
  | { readonly is: Exclude<Taker['is'], 'taken'> }
  /** No source port could be had. */
  | { readonly is: 'noPort' }
  /** errno's name, or a short text. */
  | { readonly is: 'failed'; readonly why: string };

export function createSteeredConnections(
  listeners: SlotListeners,
  steering: SlotSteering,
  table: TcpTable,
): SteeredConnections {
  return {
    targets(program, slot) {
      const sockets =
        program.bind === 'slot'
          ? listeners.of(program.name, slot)
          : program.listen.map((port) => ({ ...port, inode: undefined }));
      return sockets.map(({ host, port, inode }) => ({ server: { address: reachableAddress(host), port }, inode }));
    },

    async attempt({ server, inode }, { program, slot, process }, until, abort) {
      const sourcePort = randomSourcePort();
      const diverted = inode === undefined ? undefined : steering.divert(program, { sourcePort, slot });
      using rule = diverted?.ok ? diverted.value : undefined; // refused: the hash chooses
      const connected = await connectFrom(sourcePort, server, Math.max(1, until - performance.now()));
      if (!connected.ok) {
        const busy = connected.error === 'EADDRINUSE' || connected.error === 'EADDRNOTAVAIL';
        return busy ? { is: 'noPort' } : { is: 'failed', why: connected.error };
      }
      const connection = connected.value;
      const patience = rule === undefined ? performance.now() + unsteeredMsMax : until;
      const taker = await takerOf(table, connection, process, Math.min(patience, until), abort);
      if (taker.is === 'taken') return { ...taker, connection };
      retire(connection);
      return taker;
    },
  };
}

/** Without steering a connection may wait in the queue of a slot that nobody serves: better try another. */
const unsteeredMsMax = 250;
