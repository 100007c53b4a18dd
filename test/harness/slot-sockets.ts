import { type Mechanism, steeringPrograms } from '../../src/core/mechanism.ts';
import type { Given } from '../../src/linux/given-sockets.ts';
import { type Libc, loadLibc } from '../../src/linux/libc.ts';
import type { ProgramPorts, SocketWatch } from '../../src/linux/listeners.ts';
import { createSockets, type Sockets } from '../../src/linux/sockets.ts';
import { ok, type Result } from '../../src/shared/result.ts';
import { freePort } from './free-port.ts';

/** Real sockets of one program, without a daemon around them; closed at the end of the test. */
export interface SlotSockets extends Sockets, Disposable {
  readonly program: ProgramPorts & { readonly readiness: { readonly path: string } };
  /** The first one. */
  readonly port: number;
  readonly slots: readonly number[];
  open(): Result<undefined>;
}

export interface SlotSocketsOptions {
  readonly slots?: number;
  readonly bind?: 'slot' | 'worker';
  /** One listener each; 127.0.0.1 unless given. */
  readonly hosts?: readonly string[];
  readonly ports?: readonly number[];
  readonly backlog?: number;
  /** How the kernel is steered, unless `apply` says so; a classic program unless given. */
  readonly mechanisms?: readonly Mechanism[];
  readonly path?: string;
  /** Instead of the machine's. */
  readonly libc?: Result<Libc>;
  readonly given?: Given;
  readonly watch?: SocketWatch;
}

export async function slotSockets(options: SlotSocketsOptions = {}): Promise<SlotSockets> {
  const { bind = 'slot', hosts = ['127.0.0.1'], backlog = 511, path = '/', libc = loadLibc(), given, watch } = options;
  const listen = [];
  for (const [at, host] of hosts.entries()) {
    listen.push({ name: `port${at}`, host, port: options.ports?.[at] ?? (await freePort()), backlog });
  }
  const program = { name: 'web', bind, listen, readiness: { path } };
  const sockets = createSockets(steeringPrograms, () => libc, given, watch);
  const { mechanisms = ['cbpf'] } = options;
  const { steering } = sockets;
  const slots = Array.from({ length: options.slots ?? 2 }, (_, slot) => slot);
  return {
    ...sockets,
    steering: {
      ...steering,
      apply: (name, weights, by = 'weight', given = mechanisms) => steering.apply(name, weights, by, given),
    },
    program,
    port: listen[0]?.port ?? 0,
    slots,
    open() {
      const opened = sockets.listeners.open(program, slots);
      if (opened.ok && options.mechanisms !== undefined) steering.apply(program.name, [], 'weight', mechanisms);
      return opened;
    },
    [Symbol.dispose]: () =>
      sockets.listeners.close(program.name, [...new Set(sockets.listeners.all().map(({ slot }) => slot))]),
  };
}

/** As `slotSockets`, open. */
export async function openSlotSockets(options: SlotSocketsOptions = {}): Promise<SlotSockets> {
  const sockets = await slotSockets(options);
  const opened = sockets.open();
  if (!opened.ok) throw new Error(opened.error.message);
  return sockets;
}

/** The machine's libc with some calls replaced, for what cannot be provoked here: a sandbox, a machine without IPv6. */
export function libcWith(changes: (real: Libc) => Partial<Libc>): Result<Libc> {
  const real = realLibc();
  return ok({ ...real, ...changes(real) });
}

export function realLibc(): Libc {
  const loaded = loadLibc();
  if (!loaded.ok) throw new Error(loaded.error.message);
  return loaded.value;
}
