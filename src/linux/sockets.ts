import type { Result } from '../shared/result.ts';
import type { Census, Curl } from '../supervisor/ports.ts';
import { createCensus } from './census.ts';
import { createCurl } from './curl.ts';
import { type Given, nothingGiven } from './given-sockets.ts';
import { type Libc, loadLibc } from './libc.ts';
import { createListeners, type SlotListeners, type SocketWatch } from './listeners.ts';
import { checkPortFree } from './port-free.ts';
import { type Holder, holdersOf } from './port-holder.ts';
import { createProbes, type SlotProbes } from './probes.ts';
import { createSteering, type SlotSteering, type SteeringPrograms } from './steering.ts';
import { createSteeredConnections } from './steered-connection.ts';
import { createTcpTable } from './tcp-table.ts';

/** Everything that touches sockets, wired together. Opens nothing by itself. */
export interface Sockets {
  readonly listeners: SlotListeners;
  readonly steering: SlotSteering;
  readonly probes: SlotProbes;
  readonly census: Census;
  readonly curl: Curl;
  /** For every program at boot; with `bind: worker` the only proof. Errors as in port-free.ts. */
  checkPortFree(host: string, port: number): Result<undefined>;
  /** Listeners of others that may take connections from our open ports; costs 0.1 ms a port while there are none. */
  strangers(): readonly Holder[];
}

/** Without FFI this works too, as far as `bind: worker` needs it: opening slot sockets then answers FFI_UNAVAILABLE. */
export function createSockets(
  programs: SteeringPrograms,
  libc: () => Result<Libc> = loadLibc,
  given: Given = nothingGiven,
  watch?: SocketWatch,
): Sockets {
  const table = createTcpTable(libc);
  const listeners = createListeners(libc, table, given, watch);
  const steering = createSteering(libc, listeners, programs);
  const connections = createSteeredConnections(listeners, steering, table);
  return {
    listeners: {
      ...listeners,
      close(program, slots) {
        listeners.close(program, slots);
        steering.tidy(program);
      },
    },
    steering,
    probes: createProbes(connections),
    census: createCensus(libc),
    curl: createCurl(connections),
    checkPortFree(host, port) {
      const loaded = libc();
      return checkPortFree(loaded.ok ? loaded.value : undefined, table, host, port, listeners.unused());
    },
    strangers() {
      const sockets = listeners.all();
      const own = new Set([...sockets.map(({ inode }) => inode), ...listeners.unused()]);
      const places = new Map(sockets.map(({ host, port }) => [`${host} ${port}`, { host, port }]));
      return [...places.values()].flatMap(({ host, port }) => holdersOf(table, host, port, own));
    },
  };
}
