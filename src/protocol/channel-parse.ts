import { channelTextCharsMax } from '../shared/limits.ts';
import type { Beat, ListenPlan, PlannedPort, SupervisorFrame, WorkerFrame } from './channel.ts';

/**
 * Names what came over the channel. Each function returns undefined for anything that is not exactly what it promises; unknown
 * extra fields are ignored, so that a newer end may say more.
 */
export function parseWorkerFrame(value: unknown): WorkerFrame | undefined {
  if (!isRecord(value)) return undefined;
  const { v, token, pid, node, port, host, adopted, why } = value;
  switch (value['t']) {
    case 'hello':
      return isCount(v) && isText(token) && isPid(pid) && isText(node)
        ? { t: 'hello', v, token, pid, node }
        : undefined;
    case 'listening':
      return isPort(port) && isText(host) && typeof adopted === 'boolean'
        ? { t: 'listening', port, host, adopted }
        : undefined;
    case 'ready':
      return { t: 'ready' };
    case 'strayed':
      return isPort(port) && isText(why) ? { t: 'strayed', port, why } : undefined;
    case 'beat':
      return parseBeat(value);
    case 'drained':
      return { t: 'drained' };
    default:
      return undefined;
  }
}

export function parseSupervisorFrame(value: unknown): SupervisorFrame | undefined {
  if (!isRecord(value)) return undefined;
  const { why, idleMs, totalMs, count } = value;
  switch (value['t']) {
    case 'welcome':
      return { t: 'welcome' };
    case 'refused':
      return isText(why) ? { t: 'refused', why } : undefined;
    case 'report':
      return { t: 'report' };
    case 'drain':
      return isCount(idleMs) && isCount(totalMs) ? { t: 'drain', idleMs, totalMs } : undefined;
    case 'shed':
      return isCount(count) ? { t: 'shed', count } : undefined;
    default:
      return undefined;
  }
}

/** `json` is the value of `channelEnv.listen`. */
export function parseListenPlan(json: string): ListenPlan | undefined {
  const value = parseJson(json);
  if (!isRecord(value)) return undefined;
  const { bind, readiness, ports } = value;
  if (bind !== 'slot' && bind !== 'worker') return undefined;
  if (readiness !== 'listening' && readiness !== 'message' && readiness !== 'http') return undefined;
  if (!Array.isArray(ports)) return undefined;
  const planned = ports.map(parsePlannedPort);
  const whole = planned.filter((port) => port !== undefined);
  return whole.length === planned.length ? { bind, readiness, ports: whole } : undefined;
}

function parsePlannedPort(value: unknown): PlannedPort | undefined {
  if (!isRecord(value)) return undefined;
  const { host, port, backlog, fds, inode } = value;
  if (!isText(host) || !isPort(port) || !isCount(backlog) || !isCount(inode)) return undefined;
  return Array.isArray(fds) && fds.every(isCount) ? { host, port, backlog, fds, inode } : undefined;
}

function parseBeat(value: Readonly<Record<string, unknown>>): Beat | undefined {
  const { open, total, requests, inFlight, closedIdle, closedHard, shedding, shed, lagMs, elu } = value;
  if (!isCount(open) || !isCount(total) || !isCount(requests)) return undefined;
  if (!isCount(inFlight) || !isCount(closedIdle) || !isCount(closedHard)) return undefined;
  if (!isCount(shedding) || !isCount(shed) || !isCount(lagMs) || !isShare(elu)) return undefined;
  return { t: 'beat', open, total, requests, inFlight, closedIdle, closedHard, shedding, shed, lagMs, elu };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= channelTextCharsMax;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isShare(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

function isPort(value: unknown): value is number {
  return isCount(value) && value >= 1 && value <= 65_535;
}

/** PID_MAX_LIMIT of include/linux/threads.h. */
function isPid(value: unknown): value is number {
  return isCount(value) && value >= 1 && value <= 4_194_304;
}
