import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DaemonClient } from './cli/client.ts';
import type { Flags } from './cli/command-line.ts';
import { parsePlace, placeUrl } from './cli/place.ts';
import { findingsExit, findingsText } from './cli/render/findings-text.ts';
import { statusReply } from './cli/replies.ts';
import { processScreen } from './cli/screen.ts';
import type { Config } from './config/schema.ts';
import type { ConfigFacts, DaemonFacts, Facts } from './core/findings/facts.ts';
import { judge } from './core/findings/judge.ts';
import { loadLibc } from './linux/libc.ts';
import { logDirFacts } from './linux/log-disk.ts';
import { machineFacts, serviceOf, startEnvironment } from './linux/machine-facts.ts';
import { directoryFacts, socketFacts } from './linux/place-facts.ts';
import { type Family, portFacts } from './linux/port-facts.ts';
import { logDirOf } from './linux/run-dir.ts';
import { findSurvivors } from './linux/survivors.ts';
import type { ErrorBody, StatusReply } from './protocol/control.ts';
import { configPath, controlSocket, readConfig } from './read-config.ts';
import { fail } from './say.ts';
import { errorCodes, failure, type PortherdError } from './shared/errors.ts';
import type { Result } from './shared/result.ts';
import { workerUsers } from './worker-users.ts';

type Status = Result<StatusReply, ErrorBody>;

/**
 * `portherd doctor`: looks at the machine, the config and the daemon, changes nothing, and says what is wrong with its cure. Exit
 * code 1 when something failed.
 */
export async function doctor(flags: Flags): Promise<number> {
  const written = flags.text('socket') ?? process.env['PORTHERD_SOCKET'] ?? '';
  const place = parsePlace(written, undefined);
  if (!place.ok) return fail(place.error);
  if (place.value.is === 'tcp') return fail(notHere(placeUrl(place.value)));
  const facts = await examine(flags.text('config'), flags.text('socket'));
  const findings = judge(facts);
  const screen = processScreen(!flags.has('no-color'));
  const exit = findingsExit(findings);
  if (flags.has('json')) screen.print(JSON.stringify({ findings, exit }));
  else screen.print(findingsText(findings, screen.terminal ? screen.columns : Infinity, screen.paint).join('\n'));
  // exit(3) would wait for the thread that waits for the file system (uv_library_shutdown(), src/uv-common.c).
  if (facts.logDir.hangs) process.kill(process.pid, 'SIGKILL');
  return exit;
}

function notHere(url: string): PortherdError {
  const advice = 'Run it where that daemon runs; -s takes the path of its control socket.';
  return failure('BAD_ARGUMENTS', `doctor looks at this machine and not at ${url}`, advice);
}

async function examine(configGiven: string | undefined, socketGiven: string | undefined): Promise<Facts> {
  const named = configGiven !== undefined || existsSync(configPath(undefined)) ? configPath(configGiven) : undefined;
  const written = named === undefined ? undefined : readConfig(named);
  const socket = controlSocket(socketGiven, written?.ok === true ? written.value : undefined);
  const status: Status = await new DaemonClient({ is: 'socket', path: socket }).get('/v1/status', statusReply);
  // A daemon knows its own file: the one to look at when none is named.
  const path = named ?? (status.ok ? status.value.daemon.config : undefined);
  const config = path === undefined ? undefined : (written ?? readConfig(path));
  const good = config?.ok === true ? config.value : undefined;
  const env = status.ok ? startEnvironment(status.value.daemon.pid) : undefined;
  const runDir = resolve(good?.supervisor.runDir ?? dirname(socket));
  const logDir = logDirOf(runDir, good?.supervisor.logDir, env === undefined ? process.env : Object.fromEntries(env));
  const libc = loadLibc();
  return {
    ...(await machineFacts()),
    config: configFacts(path ?? '', config),
    daemon: daemonFacts(status, env, () => survivorsOf(runDir, config)),
    runDir: directoryFacts(runDir),
    controlSocket: socketFacts(socket),
    logDir: await logDirFacts(logDir, libc.ok ? libc.value : undefined),
    ports: portFacts(good?.programs.flatMap(placesOf) ?? [], familyOf(status, join(runDir, 'workers.sock'))),
  };
}

function configFacts(path: string, config: Result<Config> | undefined): ConfigFacts {
  if (config === undefined) return { is: 'absent' };
  if (config.ok) return { is: 'good', path, programs: config.value.programs };
  return { is: 'wrong', path, message: config.error.message, advice: adviceOf(config.error) };
}

function adviceOf({ advice, code }: PortherdError): string {
  return advice ?? errorCodes[code].advice;
}

function daemonFacts(
  status: Status,
  env: ReadonlyMap<string, string> | undefined,
  survivors: () => number,
): DaemonFacts {
  if (status.ok) {
    const { pid, version } = status.value.daemon;
    return { is: 'running', pid, version, uid: ownerOf(pid), service: serviceOf(pid, env) };
  }
  switch (status.error.code) {
    case 'DAEMON_ABSENT': {
      const left = survivors();
      return left === 0 ? { is: 'absent' } : { is: 'dead', left };
    }
    case 'DAEMON_UNREACHABLE':
      return { is: 'dead', left: survivors() };
    default:
      return { is: 'unreachable', why: status.error.message };
  }
}

function survivorsOf(runDir: string, config: Result<Config> | undefined): number {
  return findSurvivors(join(runDir, 'workers.sock'), workerUsers(undefined, config)).length;
}

/** Effective; undefined when the process is gone. */
function ownerOf(pid: number): number | undefined {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
}

function familyOf(status: Status, channelSocket: string): Family {
  if (!status.ok) return { daemon: undefined, workers: new Set(), channelSocket };
  const slots = status.value.programs.flatMap((program) => program.slots);
  const pids = slots.flatMap(({ pid, leaving }) => [
    ...(pid === undefined ? [] : [pid]),
    ...leaving.map((one) => one.pid),
  ]);
  return { daemon: status.value.daemon.pid, workers: new Set(pids), channelSocket };
}

function placesOf({ name, listen }: Config['programs'][number]): Parameters<typeof portFacts>[0] {
  return listen.map(({ host, port }) => ({ program: name, host, port }));
}
