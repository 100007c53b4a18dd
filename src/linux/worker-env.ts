import { channelEnv, type ListenPlan } from '../protocol/channel.ts';
import { wordSet } from '../shared/word-set.ts';
import type { SlotListener, SpawnRequest } from '../supervisor/ports.ts';

/** How the preload gets into a node process. */
export const preloadOption = '--require';

/** Where the workers of this daemon report to; the same for all of them. */
export interface WorkerHome {
  /** Absolute path of the preload (JavaScript). */
  readonly preload: string;
  readonly controlSocket: string;
  readonly channelSocket: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A slot's socket and the numbers at which a worker finds its copies. */
export interface PlacedListener extends SlotListener {
  readonly fds: readonly number[];
}

/**
 * The environment of a worker, lowest to highest: the daemon's own (without what was meant for the daemon alone), what
 * portherd and supervisord tell a worker, the program's `environment`. Pure.
 */
export function workerEnv(
  daemon: Environment,
  request: SpawnRequest,
  home: WorkerHome,
  claim: 'boot' | 'listen',
  listeners: readonly PlacedListener[],
): Record<string, string> {
  const { program, slot, generation, token } = request;
  const port = program.listen[0]?.port;
  const env: Record<string, string> = {
    ...inheritedEnv(daemon),
    PWD: program.directory,
    SUPERVISOR_ENABLED: '1',
    SUPERVISOR_PROCESS_NAME: String(slot),
    SUPERVISOR_GROUP_NAME: program.name,
    SUPERVISOR_SERVER_URL: `unix://${home.controlSocket}`,
    NODE_APP_INSTANCE: String(slot),
    PORTHERD_PROGRAM: program.name,
    PORTHERD_SLOT: String(slot),
    PORTHERD_GENERATION: String(generation),
    ...(port === undefined ? {} : { PORT: String(port) }),
    [channelEnv.socket]: home.channelSocket,
    [channelEnv.token]: token,
    [channelEnv.claim]: claim,
    [channelEnv.listen]: JSON.stringify(listenPlan(request, listeners)),
    ...program.environment,
  };
  if (claim === 'listen') env['NODE_OPTIONS'] = withPreload(env['NODE_OPTIONS'], home.preload);
  return env;
}

/**
 * Adds the preload to a NODE_OPTIONS. Node splits it at spaces; double quotes keep a word together and a backslash
 * escapes within them only (src/node_options.cc, ParseNodeOptionsEnvVar).
 */
export function withPreload(options: string | undefined, preload: string): string {
  const path = /[\s"\\]/.test(preload) ? `"${preload.replaceAll(/["\\]/g, String.raw`\$&`)}"` : preload;
  const before = options?.trim() ?? '';
  return `${before === '' ? '' : `${before} `}${preloadOption} ${path}`;
}

function listenPlan({ program }: SpawnRequest, listeners: readonly PlacedListener[]): ListenPlan {
  const placed = program.bind === 'slot' ? listeners : program.listen.map((port) => ({ ...port, fds: [], inode: 0 }));
  const ports = placed.map(({ name, host, port, fds, inode }) => {
    const backlog = program.listen.find((listen) => listen.name === name)?.backlog ?? 511;
    return { host, port, backlog, fds, inode };
  });
  return { bind: program.bind, readiness: program.readiness.type, ports };
}

/** What the daemon's children get of its own environment. */
export function inheritedEnv(daemon: Environment): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(daemon)) {
    if (value !== undefined && !daemonOnly.has(name) && !ofNpm.test(name)) env[name] = value;
  }
  return env;
}

/**
 * systemd's letters to the daemon (a worker that answered NOTIFY_SOCKET or WATCHDOG would speak in its name), and the
 * IPC channel of whoever forked it. PWD is the daemon's own.
 */
const daemonOnly = wordSet(`
  NOTIFY_SOCKET WATCHDOG_PID WATCHDOG_USEC MAINPID FDSTORE PWD OLDPWD LISTEN_PID LISTEN_FDS LISTEN_FDNAMES
  LISTEN_PIDFDID PORTHERD_UNIT_SOCKETS NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE NODE_UNIQUE_ID
`);

/**
 * What `npm start` adds about portherd's own package: an app that reads npm_package_version would report portherd's.
 * npm_config_* stay, since proxy and registry settings are the operator's, but for the prefix of portherd's directory.
 */
const ofNpm = /^npm_(package_|lifecycle_|command$|execpath$|node_execpath$|config_local_prefix$)|^INIT_CWD$/;
