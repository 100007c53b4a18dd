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
  readonly unit: string;
  /** The unit that ends what it leaves behind. */
  readonly sweeper: string;
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
  /** Workers of other users than the daemon, which must be root then. */
  readonly accounts: boolean;
  /** A niceness of its own, for some program; below 0 it takes a capability. */
  readonly niceness: 'none' | 'higher' | 'lower';
  /** Slot sockets that systemd shall have room for. */
  readonly sockets: number;
  /** Until the last worker is gone, seconds. */
  readonly stopSeconds: number;
  /** What it reads in somebody's home. */
  readonly inHomes: readonly string[];
  /** Directories that it writes to outside those that systemd makes. */
  readonly writes: readonly string[];
  /** Where the state is kept, if not in the directory that systemd makes. */
  readonly runDir: string | undefined;
}

export function unitNeeds(config: Config, command: readonly string[], configFile: string): UnitNeeds {
  const { supervisor, hooks, programs } = config;
  const ports = programs.flatMap(({ listen }) => listen.map(({ port }) => port));
  const held = programs.filter(({ bind }) => bind === 'slot');
  const sockets = held.reduce((sum, { workers, listen }) => sum + workers * listen.length, 0);
  const commands = [...programs, ...hooks].flatMap(({ directory, command: words = [] }) => [directory, ...words]);
  const reads = [...command, configFile, ...commands];
  const logs = [supervisor.logFile ?? '', ...programs.flatMap(({ logs: { stdout, stderr } }) => [stdout, stderr])];
  const logFiles = logs.filter((path) => path.startsWith('/')).map((path) => path.replace(/\/[^/]*$/, ''));
  const directories = [supervisor.runDir, supervisor.logDir].filter((path) => path !== undefined);
  return {
    privilegedPorts: ports.some((port) => port < 1_024),
    accounts: programs.some(({ user, group }) => user !== undefined || group !== undefined),
    niceness: niceness(programs.map(({ nice }) => nice ?? 0)),
    sockets: Math.max(socketsMin, sockets * growth),
    stopSeconds: Math.ceil(timeBounds(programs).stopMs / 1_000),
    inHomes: [...new Set(reads)].filter((path) => /^\/(home|root|run\/user)\//.test(path)),
    runDir: supervisor.runDir,
    writes: [...new Set([...directories, ...logFiles])].filter((path) => !/^(\/dev(\/.*)?)?$/.test(path)),
  };
}

function niceness(all: readonly number[]): UnitNeeds['niceness'] {
  if (all.some((nice) => nice < 0)) return 'lower';
  return all.some((nice) => nice > 0) ? 'higher' : 'none';
}

/** systemd/README.md says of each line which failure it prevents. */
export function serviceUnit(place: UnitPlace, needs: UnitNeeds): string {
  const { description, manager, sweeper } = place;
  const ofSystem = manager.is === 'system';
  const order = ofSystem ? ['After=network.target'] : [];
  const swept = [`OnSuccess=${sweeper}`, `OnFailure=${sweeper}`];
  const groups = [
    life(place, needs),
    lasting(place, needs),
    limits,
    ...(ofSystem ? [sandbox(manager.user, needs)] : []),
  ];
  return unitText([
    ['Unit', [`Description=${description}`, ...order, ...swept, 'StartLimitIntervalSec=0']],
    ['Service', groups.flatMap((group, at) => (at === 0 ? group : ['', ...group]))],
    ['Install', [`WantedBy=${ofSystem ? 'multi-user' : 'default'}.target`]],
  ]);
}

/**
 * Ends what is left when the service is down. systemd starts it then, but on the way from a crash to the restart as well (an auto-restart
 * is a job that goes through `inactive`). So it waits for how that ends: were it to give up for a job that waits, a stop that cancels this
 * job would leave the workers, as nothing starts it again. Hence nobody may wait for it: who starts meanwhile waits for its lock
 * (linux/run-dir.ts). Nothing is left after an orderly stop, which the first condition knows without starting anything.
 */
export function sweepUnit(place: UnitPlace, needs: UnitNeeds): string {
  const { runDir, inHomes } = needs;
  const { name, manager, unit } = place;
  const state = runDir === undefined ? `%t/${name}` : quoted(runDir);
  const confined = [
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    `ReadWritePaths=-${state}`,
    `ProtectHome=${inHomes.length > 0 ? 'read-only' : 'yes'}`,
    'ProtectProc=invisible',
    'RestrictAddressFamilies=AF_UNIX',
  ];
  const ask = `systemctl ${manager.is === 'user' ? '--user ' : ''}show --property=ActiveState,Job ${unit}`;
  const cases = '*Job=[1-9]*|*=activating*|*=deactivating*) sleep 1;; *=inactive*|*=failed*) exit 0;; *) exit 1;;';
  // No answer is no proof: it exits 1 then, too.
  const condition = `/bin/sh -c 'while :; do case "$$(${ask})" in ${cases} esac; done'`;
  const words = execLine([...place.command, 'sweep', ...whereOf(place)]);
  return unitText([
    [
      'Unit',
      [
        `Description=what ${unit} left behind`,
        'DefaultDependencies=no',
        `ConditionPathExists=${state}/state.json`,
        'StartLimitIntervalSec=0',
      ],
    ],
    [
      'Service',
      [
        'Type=oneshot',
        `ExecCondition=+${condition}`,
        `ExecStart=${words}`,
        'SuccessExitStatus=2',
        ...(manager.is === 'system' ? [...identity(manager.user, needs), ...confined] : []),
      ],
    ],
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

function whereOf({ configFile, name }: UnitPlace): readonly (string | Specifier)[] {
  return ['-c', configFile, '-s', specifier(`%t/${name}/control.sock`)];
}

function life(place: UnitPlace, { stopSeconds }: UnitNeeds): readonly string[] {
  const { command, notifyReload } = place;
  return [
    `Type=${notifyReload ? 'notify-reload' : 'notify'}`,
    'NotifyAccess=main',
    `ExecStart=${execLine([...command, 'run', ...whereOf(place)])}`,
    ...(notifyReload ? [] : ['ExecReload=/bin/kill -HUP $MAINPID']),
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

/** A process sees another one's environment only with at least its capabilities (ptrace(2), PTRACE_MODE_READ). */
function identity(user: string, { privilegedPorts, accounts, niceness: nice }: UnitNeeds): readonly string[] {
  const names = [
    ...(privilegedPorts ? ['CAP_NET_BIND_SERVICE'] : []),
    // To become them, to signal them, and to see the environment and the standard input of those whom they own in /proc.
    ...(accounts ? ['CAP_SETUID', 'CAP_SETGID', 'CAP_KILL', 'CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH'] : []),
    ...(nice === 'lower' ? ['CAP_SYS_NICE'] : []),
  ];
  const capabilities = names.join(' ');
  // Root has them anyway; ambient ones would pass to its workers, too.
  const ambient = accounts ? '' : capabilities;
  return [
    `User=${accounts ? 'root' : user}`,
    `AmbientCapabilities=${ambient}`,
    `CapabilityBoundingSet=${capabilities}`,
  ];
}

function sandbox(user: string, needs: UnitNeeds): readonly string[] {
  const { inHomes, writes, accounts, niceness: nice } = needs;
  const calls = [
    'pidfd_getfd',
    'sched_setaffinity',
    // setpriv(1) makes sure of its capabilities by capset(2).
    ...(accounts ? ['@setuid', 'capset'] : []),
    ...(nice === 'none' ? [] : ['setpriority']),
  ];
  const writable = ['/tmp', '/var/tmp', ...writes.map((path) => `-${path}`)];
  return [
    ...identity(user, needs),
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    `ReadWritePaths=${writable.map(quoted).join(' ')}`,
    `ProtectHome=${inHomes.length > 0 ? 'read-only' : 'yes'}`,
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
    `SystemCallFilter=${calls.join(' ')}`,
    'SystemCallErrorNumber=EPERM',
    'UMask=0027',
  ];
}
