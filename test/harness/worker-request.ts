import type { ListenConfig, ProgramConfig } from '../../src/config/schema.ts';
import type { SpawnRequest } from '../../src/supervisor/ports.ts';

/** A request to start slot 0 of a program `web` that listens on nothing, with any part of it replaced. */
export function workerRequest(program: Partial<ProgramConfig>, request: Partial<SpawnRequest> = {}): SpawnRequest {
  return { program: { ...defaults, ...program }, slot: 0, worker: 1, generation: 1, token: 'secret', ...request };
}

export function port(number: number, name = 'http'): ListenConfig {
  return { name, host: '127.0.0.1', port: number, backlog: 511 };
}

const defaults: ProgramConfig = {
  name: 'web',
  command: ['true'],
  directory: '/',
  environment: {},
  rlimits: {},
  stdin: 'pipe',
  workers: 1,
  listen: [],
  bind: 'slot',
  autostart: true,
  autorestart: 'unexpected',
  exitCodes: [0],
  startRetries: 3,
  backoff: { initial: 1_000, max: 60_000, factor: 2, jitter: 0.2, resetAfter: 10_000 },
  readiness: { type: 'listening', path: '/', timeout: 10_000 },
  stop: {
    signal: 'SIGTERM',
    drainTimeout: 30_000,
    idleTimeout: 5_000,
    killTimeout: 5_000,
    group: false,
    killGroup: true,
  },
  roll: { maxSurge: 1, maxUnavailable: 0, minReady: 0, pause: 0, onFailure: 'abort' },
  logs: {
    stdout: 'auto',
    stderr: 'auto',
    maxSize: 'never',
    keep: 10,
    compress: false,
    maxAge: 'never',
    events: [],
    capture: 'never',
  },
  steering: 'cbpf',
  balance: { policy: 'connections', interval: 100, shed: { automatic: false, above: 1.25, perSecond: 0.2 } },
  health: { hungAfter: 30_000 },
  events: { subscribe: [], buffer: 10 },
  priority: 999,
};
