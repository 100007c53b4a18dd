import type { Config } from './config/schema.ts';
import { steeringProgram } from './core/steering-program.ts';
import { showFirstSteps } from './first-steps.ts';
import { backlogCut } from './linux/port-free.ts';
import { keepMemorySmall } from './linux/small-memory.ts';
import { openChannelServer } from './linux/channel-server.ts';
import { createClock } from './linux/clock.ts';
import { createDiagnosis } from './linux/diagnose.ts';
import { openControlServer } from './linux/control-server.ts';
import { createWorkerLogs } from './linux/log-files.ts';
import { loadLibc } from './linux/libc.ts';
import { createLog } from './linux/logger.ts';
import { reapOrphans } from './linux/orphans.ts';
import { createProcesses, preloadPath } from './linux/processes.ts';
import { claimRunDir, type RunDir } from './linux/run-dir.ts';
import { machine } from './linux/machine.ts';
import { createSockets, type Sockets } from './linux/sockets.ts';
import { watchStrangers } from './linux/strangers.ts';
import { meetServiceManager } from './linux/systemd.ts';
import { ok, type Result } from './shared/result.ts';
import { bootProgram } from './supervisor/boot.ts';
import { hear } from './supervisor/hear.ts';
import { keepNotified } from './supervisor/notify.ts';
import { Operator } from './supervisor/operator.ts';
import type { ChannelEvent, ConfigFile, Log, Ports } from './supervisor/ports.ts';
import { preflight } from './supervisor/preflight.ts';
import { obeySignals } from './supervisor/signals.ts';
import { Supervisor } from './supervisor/supervisor.ts';

/** Where the config came from. */
export type Origin = ConfigFile;

/**
 * Constructs everything, once, and runs until everything has stopped. Answers the exit code; an error means that nothing
 * was started.
 */
export async function runDaemon(config: Config, origin: Origin, socket: string): Promise<Result<number>> {
  keepMemorySmall();
  const log = await createLog(config.supervisor.logLevel, process.env);
  const claimed = await claimRunDir(socket, config.supervisor, process.env);
  if (!claimed.ok) return claimed;
  const runDir = claimed.value;
  const manager = meetServiceManager(process.env, loadLibc, log);
  manager.keepOnly(new Set());
  const sockets = createSockets(steeringProgram, loadLibc, manager.givenTo(config.programs), manager.store);
  const listen: { tell: (event: ChannelEvent) => void } = { tell: () => undefined };
  const channel = await openChannelServer({ path: runDir.channelSocket, log, onEvent: (event) => listen.tell(event) });
  if (!channel.ok) return release(runDir, channel);
  const ports = createPorts(runDir, sockets, channel.value, log, origin);
  const supervisor = new Supervisor(ports);
  listen.tell = (event) => hear(supervisor, event);
  const operator = new Operator(supervisor, config.supervisor);

  const ready = preflight(config.programs, ports);
  if (!ready.ok) {
    await channel.value.close();
    return release(runDir, ready);
  }
  const control = await openControlServer({
    path: runDir.controlSocket,
    mode: config.supervisor.controlSocket.mode,
    control: operator,
    log,
  });
  if (!control.ok) {
    await channel.value.close();
    return release(runDir, control);
  }
  log.info(
    {
      event: 'started',
      pid: process.pid,
      config: origin.path,
      controlSocket: runDir.controlSocket,
      logDir: runDir.logDir,
    },
    'portherd runs',
  );
  const unreap = reapOrphans(log);
  const notify = keepNotified(supervisor, manager);
  const forget = obeySignals(process, operator, log, notify.reloading);
  const unwatch = watchStrangers(sockets, log);
  if (process.stderr.isTTY || process.env['npm_lifecycle_event'] === 'start')
    showFirstSteps(supervisor, (text) => console.error(text));
  for (const program of config.programs.toSorted((one, other) => one.priority - other.priority)) {
    const booted = bootProgram(supervisor, program);
    if (!booted.ok)
      log.error({ event: 'bootFailed', program: program.name, error: booted.error }, 'program cannot be started');
  }
  notify.begin();

  const end = await operator.ended;
  forget();
  unwatch();
  unreap();
  await control.value.close();
  await channel.value.close();
  notify.end();
  manager.close();
  log.info({ event: 'ended', why: end.why, exit: end.exit }, 'portherd ends');
  return release(runDir, ok(end.exit));
}

function createPorts(
  runDir: RunDir,
  sockets: Sockets,
  channel: Ports['channel'],
  log: Log,
  configFile: ConfigFile,
): Ports {
  const { listeners, steering, probes, census, curl } = sockets;
  const { logDir, controlSocket, channelSocket } = runDir;
  return {
    clock: createClock(),
    processes: createProcesses({
      listeners,
      logDir,
      env: process.env,
      preload: preloadPath(),
      controlSocket,
      channelSocket,
    }),
    listeners,
    steering,
    probes,
    diagnosis: createDiagnosis(),
    census,
    curl,
    channel,
    workerLogs: createWorkerLogs(logDir),
    machine,
    configFile,
    portCheck: { free: (host, port) => sockets.checkPortFree(host, port), backlogCut },
    log,
  };
}

function release<T>(runDir: RunDir, result: Result<T>): Result<T> {
  runDir.lock.release();
  return result;
}
