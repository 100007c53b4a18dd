import type { Config } from './schema.ts';
import { timeBounds } from './time-bounds.ts';
import { execLine, quoted, type Specifier, specifier, unitText } from './unit-words.ts';

/** Who starts portherd, and how. */
export interface UnitPlace {
  /** A path, or node and a script; absolute. */
  readonly command: readonly string[];
  /** Absolute. */
  readonly configFile: string | Specifier;
  /** Of its directories in /run, /var/log and /var/lib; may have specifiers. */
  readonly name: string;
  readonly description: string;
  /** The system's service manager starts it as this user; or a user's own does. */
  readonly manager: { readonly is: 'system'; readonly user: string } | { readonly is: 'user' };
  /** Type=notify-reload, which needs systemd 253. */
  readonly notifyReload: boolean;
}

/** What of a config shows in a unit. */
export interface UnitNeeds {
  /** A port below 1024. */
  readonly privilegedPorts: boolean;
  /** Slot sockets that systemd shall have room for. */
  readonly sockets: number;
  /** Until the last worker is gone, seconds. */
  readonly stopSeconds: number;
  /** Something that it reads is in somebody's home. */
  readonly readsHome: boolean;
  /** Directories that it writes to outside those that systemd makes. */
  readonly writes: readonly string[];
}

export function unitNeeds(config: Config, command: readonly string[], configFile: string): UnitNeeds {
  const { supervisor, programs } = config;
  const ports = programs.flatMap(({ listen }) => listen.map(({ port }) => port));
  const held = programs.filter(({ bind }) => bind === 'slot');
  const sockets = held.reduce((sum, { workers, listen }) => sum + workers * listen.length, 0);
  const reads = [...command, configFile, ...programs.flatMap((program) => [program.directory, ...program.command])];
  const logs = programs.flatMap(({ logs: { stdout, stderr } }) => [stdout, stderr]);
  const logFiles = logs.filter((path) => path.startsWith('/')).map((path) => path.replace(/\/[^/]*$/, ''));
  const directories = [supervisor.runDir, supervisor.logDir].filter((path) => path !== undefined);
  return {
    privilegedPorts: ports.some((port) => port < 1_024),
    sockets: Math.max(socketsMin, sockets * growth),
    stopSeconds: Math.ceil(timeBounds(programs).stopMs / 1_000),
    readsHome: reads.some((path) => /^\/(home|root|run\/user)\//.test(path)),
    writes: [...new Set([...directories, ...logFiles])].filter((path) => !/^(\/dev(\/.*)?)?$/.test(path)),
  };
}

/** systemd/README.md says of each line which failure it prevents. */
export function serviceUnit(place: UnitPlace, needs: UnitNeeds): string {
  const ofSystem = place.manager.is === 'system';
  return unitText([
    [
      'Unit',
      [`Description=${place.description}`, ...(ofSystem ? ['After=network.target'] : []), 'StartLimitIntervalSec=0'],
    ],
    [
      'Service',
      [
        ...life(place, needs),
        '',
        ...lasting(place, needs),
        '',
        ...limits,
        ...(place.manager.is === 'system' ? ['', ...sandbox(place.manager.user, needs)] : []),
      ],
    ],
    ['Install', [`WantedBy=${ofSystem ? 'multi-user' : 'default'}.target`]],
  ]);
}

/** The sockets of a config, opened by systemd: one for each worker and port, since only one user's sockets may share a port. */
export function socketUnit({ programs }: Config, description: string, service: string): string {
  const listens = programs
    .filter(({ bind }) => bind === 'slot')
    .flatMap(({ workers, listen }) =>
      listen.flatMap(({ host, port }) => {
        const address = host.includes(':') ? `[${host}]` : host === 'localhost' ? '127.0.0.1' : host;
        return Array.from({ length: workers }, () => `ListenStream=${address}:${port}`);
      }),
    );
  const backlog = Math.max(1, ...programs.flatMap(({ listen }) => listen.map((one) => one.backlog)));
  return unitText([
    ['Unit', [`Description=${description}`]],
    ['Socket', [...listens, 'ReusePort=yes', 'BindIPv6Only=both', `Backlog=${backlog}`, `Service=${service}`]],
    ['Install', ['WantedBy=sockets.target']],
  ]);
}

/** Without a new unit, a program may be scaled to twice its workers. */
const growth = 2;
const socketsMin = 64;

function life({ command, configFile, name, notifyReload }: UnitPlace, { stopSeconds }: UnitNeeds): readonly string[] {
  const socket = specifier(`%t/${name}/control.sock`);
  const where = ['-c', configFile, '-s', socket];
  return [
    `Type=${notifyReload ? 'notify-reload' : 'notify'}`,
    'NotifyAccess=main',
    `ExecStart=${execLine([...command, 'run', ...where])}`,
    ...(notifyReload ? [] : ['ExecReload=/bin/kill -HUP $MAINPID']),
    `ExecStop=/bin/touch %t/${name}/stopping`,
    `ExecStopPost=${execLine([...command, 'sweep', '--after-stop', ...where])}`,
    'Restart=always',
    'RestartSec=100ms',
    'RestartPreventExitStatus=2',
    'WatchdogSec=10',
    'WatchdogSignal=SIGKILL',
    'TimeoutStartSec=30',
    `TimeoutStopSec=${stopSeconds}`,
  ];
}

function lasting({ name }: UnitPlace, { sockets }: UnitNeeds): readonly string[] {
  return [
    'KillMode=process',
    'OOMPolicy=continue',
    `FileDescriptorStoreMax=${sockets}`,
    `RuntimeDirectory=${name}`,
    'RuntimeDirectoryMode=0700',
    'RuntimeDirectoryPreserve=yes',
    `LogsDirectory=${name}`,
    `StateDirectory=${name}`,
  ];
}

const limits: readonly string[] = ['LimitNOFILE=65536', 'TasksMax=infinity', 'SyslogIdentifier=portherd'];

function sandbox(user: string, { privilegedPorts, readsHome, writes }: UnitNeeds): readonly string[] {
  const capabilities = privilegedPorts ? 'CAP_NET_BIND_SERVICE' : '';
  const writable = ['/tmp', '/var/tmp', ...writes.map((path) => `-${path}`)];
  return [
    `User=${user}`,
    `AmbientCapabilities=${capabilities}`,
    `CapabilityBoundingSet=${capabilities}`,
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    `ReadWritePaths=${writable.map(quoted).join(' ')}`,
    `ProtectHome=${readsHome ? 'read-only' : 'yes'}`,
    'PrivateDevices=yes',
    'PrivateMounts=yes',
    'ProtectClock=yes',
    'ProtectControlGroups=yes',
    'ProtectHostname=yes',
    'ProtectKernelLogs=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelTunables=yes',
    'ProtectProc=invisible',
    'LockPersonality=yes',
    'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
    'RestrictNamespaces=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'SystemCallArchitectures=native',
    'SystemCallFilter=@system-service',
    'SystemCallFilter=~@privileged @resources',
    'SystemCallFilter=pidfd_getfd sched_setaffinity',
    'SystemCallErrorNumber=EPERM',
    'UMask=0027',
  ];
}
