import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from './config/schema.ts';
import { openControlPlaces } from './control-places.ts';
import * as rotation from './core/log-rotation.ts';
import { steeringPrograms } from './core/mechanism.ts';
import { showFirstSteps } from './first-steps.ts';
import { type Heritage, readHeritage } from './heritage.ts';
import { admitOthers } from './linux/admit-others.ts';
import { watchAdopted } from './linux/adopted-processes.ts';
import { type ChannelServer, openChannelServer } from './linux/channel-server.ts';
import { createClock } from './linux/clock.ts';
import type { ControlServer } from './linux/control-server.ts';
import { createDiagnosis } from './linux/diagnose.ts';
import { createEventPipes, type EventPipeEnds } from './linux/event-pipes.ts';
import { type Handover, handOver, receiveHandover, rehearse } from './linux/handover.ts';
import { type DaemonLogFile, openDaemonLog } from './linux/daemon-log.ts';
import { type Libc, loadLibc } from './linux/libc.ts';
import { createWorkerLogs } from './linux/log-files.ts';
import { LogKeeper } from './linux/log-keeper.ts';
import { createLogReading } from './linux/log-reading.ts';
import { createLog } from './linux/logger.ts';
import { machine } from './linux/machine.ts';
import { OneAtATime } from './linux/one-at-a-time.ts';
import { reapOrphans } from './linux/orphans.ts';
import { backlogCut } from './linux/port-free.ts';
import { createProcesses, preloadPath } from './linux/processes.ts';
import { claimRunDir, logDirOf, type RunDir } from './linux/run-dir.ts';
import { followOutputs } from './linux/output-follower.ts';
import { keepMemorySmall } from './linux/small-memory.ts';
import { createSockets, type Sockets } from './linux/sockets.ts';
import { createStateFile } from './linux/state-file.ts';
import { watchStrangers } from './linux/strangers.ts';
import { meetServiceManager, type ServiceManager } from './linux/systemd.ts';
import { within } from './linux/within.ts';
import { createWorkerStdin } from './linux/write-stdin.ts';
import { startHooks } from './start-hooks.ts';
import { assert } from './shared/assert.ts';
import { ok, type Result } from './shared/result.ts';
import { applyConfig } from './supervisor/apply-config.ts';
import { watchEvents } from './supervisor/event-watch.ts';
import { hear } from './supervisor/hear.ts';
import { HeardLog } from './supervisor/heard-log.ts';
import type { Hooks } from './supervisor/hooks.ts';
import { keepState } from './supervisor/keep-state.ts';
import { keepNotified } from './supervisor/notify.ts';
import { reopenLogs } from './supervisor/log-commands.ts';
import { Operator } from './supervisor/operator.ts';
import type { ChannelEvent, ConfigFile, Ports } from './supervisor/ports.ts';
import { preflight } from './supervisor/preflight.ts';
import { stateOf } from './supervisor/saved-state.ts';
import { obeySignals } from './supervisor/signals.ts';
import { Supervisor } from './supervisor/supervisor.ts';
import { bootPrograms, succeed } from './supervisor/succeed.ts';
import { watchedLogs } from './supervisor/watched-logs.ts';

/** Where the config came from. */
export type Origin = ConfigFile;

/**
 * Constructs everything, once, and runs until everything has stopped. Answers the exit code; an error means that nothing
 * was started. A bad config is one only as long as there is nobody to adopt.
 */
export async function runDaemon(file: Result<Config>, origin: Origin, socket: string): Promise<Result<number>> {
  keepMemorySmall();
  const handover = receiveHandover(process.env, loadLibc);
  const logFile = openDaemonLog(file.ok ? file.value.supervisor.logFile : undefined);
  if (!logFile.ok) return logFile;
  const log = new HeardLog(
    await createLog(file.ok ? file.value.supervisor.logLevel : 'info', process.env, logFile.value),
  );
  const places = file.ok ? file.value.supervisor : { runDir: undefined, logDir: undefined };
  const claimed = await claimRunDir(socket, places, process.env, handover !== undefined);
  if (!claimed.ok) return claimed;
  const clock = createClock();
  const manager = meetServiceManager(process.env, loadLibc, log);
  const read = readHeritage(file, { runDir: claimed.value, log, clock, handover, manager });
  if (!read.ok) return release(claimed.value, read);
  const { config, given } = read.value;
  const runDir = { ...claimed.value, logDir: logDirOf(claimed.value.path, config.supervisor.logDir, process.env) };
  const sockets = createSockets(steeringPrograms, loadLibc, given, manager.store);
  const ran = await run({
    heritage: read.value,
    origin,
    runDir,
    log,
    clock,
    sockets,
    handover,
    manager,
    logFile: logFile.value,
  });
  manager.close();
  return release(runDir, ran);
}

interface Wiring {
  readonly heritage: Heritage;
  readonly origin: Origin;
  readonly runDir: RunDir;
  readonly log: HeardLog;
  readonly clock: ReturnType<typeof createClock>;
  readonly sockets: Sockets;
  readonly handover: Handover | undefined;
  readonly manager: ServiceManager;
  readonly logFile: DaemonLogFile | undefined;
}

async function run(wiring: Wiring): Promise<Result<number>> {
  const { heritage, runDir, log, sockets, handover, manager } = wiring;
  const { config, adoption } = heritage;
  const listen: { tell: (event: ChannelEvent) => void } = { tell: () => undefined };
  const channel = await openChannelServer({
    path: runDir.channelSocket,
    log,
    expected: new Map(adoption.programs.flatMap(({ workers }) => workers.map(({ handle, token }) => [handle, token]))),
    inherited: handover?.channel,
    onEvent: (event) => listen.tell(event),
  });
  if (!channel.ok) return channel;
  // They dial as soon as they can; a service manager may have taken their way through the directory away.
  const admitted = heritage.foreign ? admitOthers(runDir.channelSocket) : ok();
  if (!admitted.ok) log.error({ event: 'othersShutOut', error: admitted.error }, 'workers of other users cannot dial');
  const adopted = watchAdopted();
  const unreap = reapOrphans(log, (pid, exit) => adopted.reaped(pid, exit));
  const turns = new OneAtATime();
  const eventPipes = createEventPipes(log);
  const ports = createPorts(wiring, channel.value, { adopted, turns, eventPipes });
  const supervisor = new Supervisor(ports);
  supervisor.events.connect(eventPipes);
  eventPipes.onEvent = (event) => supervisor.events.heard(event);
  const outputs = followOutputs(log);
  const events = watchEvents(supervisor, adoption.programs, outputs);
  listen.tell = (event) => hear(supervisor, event);
  const hooks = startHooks(supervisor, heritage, log, runDir.controlSocket);
  const operator = new Operator(supervisor, config.supervisor);
  const fresh = succeed(supervisor, heritage);

  const ready = adoption.programs.length > 0 ? ok() : preflight(fresh, ports);
  if (!ready.ok) {
    await channel.value.close();
    return ready;
  }
  const { controlSocket, http } = config.supervisor;
  const socket = { path: runDir.controlSocket, mode: controlSocket.mode, inherited: handover?.control };
  const places = { socket, http, lenient: adoption.programs.length > 0 };
  const control = await openControlPlaces(places, supervisor, operator, hooks);
  if (!control.ok) {
    await channel.value.close();
    return control;
  }
  logStart(wiring);
  const unkeep = keepState(supervisor, config.supervisor);
  const notify = keepNotified(supervisor, manager);
  const forget = obeySignals(
    process,
    operator,
    log,
    () => notify.reloading(),
    () => reopenLogs(supervisor),
  );
  const keeper = new LogKeeper({ logs: watchedLogs(supervisor), rules: rotation, libc: libcOrNone, log, turns });
  const unwatch = watchStrangers(sockets, log);
  if (handover === undefined && (process.stderr.isTTY || process.env['npm_lifecycle_event'] === 'start'))
    showFirstSteps(supervisor, (text) => console.error(text));
  bootPrograms(supervisor, fresh, () => events.running());
  notify.begin();
  await catchUp(wiring, operator);

  const end = await operator.ended;
  if (end.reload === true) {
    notify.reloading();
    manager.handOver();
    await within(rotationMsMax, keeper.close());
    await replaceMyself(supervisor, config, hooks, channel.value, control.value);
  }
  forget();
  unwatch();
  await Promise.all([within(rotationMsMax, keeper.close()), hooks.close()]);
  unreap();
  adopted.close();
  await control.value.close();
  await channel.value.close();
  unkeep();
  events.end();
  outputs.end();
  ports.state.forget();
  notify.end();
  log.info({ event: 'ended', why: end.why, exit: end.exit }, 'portherd ends');
  return ok(end.exit);
}

/** A reload, and a start with another file, mean the config as it is now; after a crash nothing changes that nobody asked for. */
async function catchUp({ heritage: { state }, origin, handover, log }: Wiring, operator: Operator): Promise<void> {
  if (state === undefined || origin.path === undefined) return;
  if (handover !== undefined || state.ending || state.configFile !== origin.path) {
    return applyConfig(operator, log, handover === undefined ? 'start' : 'reload');
  }
  const differs = operator.reread();
  if (!differs.ok) return;
  const { available, changed, disappeared, hooks } = differs.value;
  if (available.length + changed.length + disappeared.length > 0 || hooks !== undefined)
    log.warn({ event: 'configDiffers', ...differs.value }, 'the config has changed; `portherdctl update` applies it');
}

/** The answer to whoever asked goes out first. */
async function replaceMyself(
  supervisor: Supervisor,
  { supervisor: running }: Config,
  hooks: Hooks,
  channel: ChannelServer,
  control: ControlServer,
): Promise<never> {
  const { log, state } = supervisor.ports;
  await sleep(answerMs);
  log.info({ event: 'reloading', pid: process.pid }, 'portherd replaces itself; workers serve on');
  const hookQueues = await hooks.handOver();
  const last = { ...stateOf(supervisor, running), hookQueues };
  const saved = state.save(last);
  if (!saved.ok) log.warn({ event: 'stateNotSaved', error: saved.error }, 'the next image finds the workers itself');
  const libc = loadLibc();
  assert(libc.ok, 'reload without libc');
  const descriptors = last.sockets.map(({ fd }) => fd);
  return handOver(libc.value, { control: control.descriptor, channel: channel.descriptor }, descriptors);
}

const answerMs = 20;

/** A rotation that is under way may finish; one that is not done by then is finished by the next supervisor. */
const rotationMsMax = 5_000;

function libcOrNone(): Libc | undefined {
  const libc = loadLibc();
  return libc.ok ? libc.value : undefined;
}

function logStart({ heritage: { adoption }, origin, runDir: { controlSocket, logDir }, log }: Wiring): void {
  const adopted = adoption.programs.reduce((sum, { living }) => sum + living.size, 0);
  const fields = { event: 'started', pid: process.pid, config: origin.path, controlSocket, logDir };
  log.info(adopted === 0 ? fields : { ...fields, adopted }, 'portherd runs');
}

function createPorts(
  { runDir, sockets, log, logFile, origin, clock }: Wiring,
  channel: Ports['channel'],
  own: {
    readonly adopted: ReturnType<typeof watchAdopted>;
    readonly turns: OneAtATime;
    readonly eventPipes: EventPipeEnds;
  },
): Ports {
  const { listeners, steering, probes, census, curl } = sockets;
  const { path, logDir, controlSocket, channelSocket } = runDir;
  const { adopted, turns, eventPipes } = own;
  return {
    clock,
    processes: createProcesses({
      listeners,
      logDir,
      env: process.env,
      preload: preloadPath(),
      controlSocket,
      channelSocket,
      adopted,
      eventPipes,
    }),
    listeners,
    steering,
    probes,
    diagnosis: createDiagnosis(),
    census,
    curl,
    channel,
    workerLogs: createWorkerLogs(logDir),
    logReading: createLogReading(logFile, (work) => turns.run(work)),
    workerStdin: createWorkerStdin(),
    machine,
    state: createStateFile(path),
    successor: { rehearse: () => rehearse(process.env) },
    configFile: origin,
    portCheck: { free: (host, port) => sockets.checkPortFree(host, port), backlogCut },
    log,
  };
}

function release<T>(runDir: RunDir, result: Result<T>): Result<T> {
  runDir.lock.release();
  return result;
}
