import type { Config } from './config/schema.ts';
import { isLoopback } from './config/http-checks.ts';
import { type ControlServer, openControlServer, type SocketPlace } from './linux/control-server.ts';
import { createHttpGuard } from './linux/http-guard.ts';
import { err, ok, type Result } from './shared/result.ts';
import { createLogControl } from './supervisor/log-commands.ts';
import type { HookControl } from './supervisor/ports-hooks.ts';
import type { Operator } from './supervisor/operator.ts';
import type { Rpc } from './supervisor/ports-rpc.ts';
import { SlotTimes } from './supervisor/slot-times.ts';
import type { Supervisor } from './supervisor/supervisor.ts';

export interface ControlPlaces {
  readonly socket: Omit<SocketPlace, 'is'>;
  readonly http: Config['supervisor']['http'];
  /** Workers run already: what is wrong with the TCP port is logged, and everything else goes on. */
  readonly lenient: boolean;
}

/**
 * Where the daemon can be asked: the control socket, and a TCP port if the config has one. The socket's is the descriptor that a
 * reload hands on; the port is opened anew.
 *
 * Errors: LISTEN_FAILED, and CONFIG_INVALID for a password that cannot be read.
 */
export async function openControlPlaces(
  { socket, http, lenient }: ControlPlaces,
  supervisor: Supervisor,
  operator: Operator,
  hooks: HookControl,
): Promise<Result<ControlServer>> {
  const { log } = supervisor.ports;
  const logs = createLogControl(supervisor);
  const common = { control: operator, logs, hooks, rpc: rpcOf(supervisor, operator), log };
  const opened = await openControlServer({ place: { is: 'socket', ...socket }, ...common });
  if (!opened.ok) return opened;
  const tcp = await openTcp(http, common);
  if (tcp.ok) {
    const close = async (): Promise<void> => void (await Promise.all([opened.value.close(), tcp.value?.close()]));
    return ok({ descriptor: opened.value.descriptor, close });
  }
  log.error({ event: 'httpFailed', error: tcp.error }, 'the TCP port of the control interface is not open');
  if (lenient) return opened;
  await opened.value.close();
  return err(tcp.error);
}

async function openTcp(
  http: ControlPlaces['http'],
  common: Omit<Parameters<typeof openControlServer>[0], 'place'>,
): Promise<Result<ControlServer | undefined>> {
  const { host, port } = http;
  if (port === undefined) return ok();
  const guard = createHttpGuard(http);
  if (!guard.ok) return guard;
  const opened = await openControlServer({ place: { is: 'tcp', host, port, guard: guard.value }, ...common });
  if (!opened.ok) return opened;
  const open = http.passwordFile === undefined && http.tokenFile === undefined;
  common.log.info({ event: 'httpOpen', host, port, credentials: !open }, 'the control interface has a TCP port');
  if (open && isLoopback(host))
    common.log.warn({ event: 'httpUnprotected', host, port }, 'every user of this machine can stop everything here');
  return opened;
}

/** Made when it is first asked for; few daemons have supervisord's clients. When slots start and end is noted from now on. */
function rpcOf(supervisor: Supervisor, operator: Operator): () => Promise<Rpc> {
  const times = new SlotTimes(supervisor);
  let rpc: Promise<Rpc> | undefined;
  const create = async (): Promise<Rpc> => {
    const { createRpc } = await import('./supervisor/rpc.ts');
    return createRpc({ supervisor, operator, times });
  };
  return () => (rpc ??= create());
}
