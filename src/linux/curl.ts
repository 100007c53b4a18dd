import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '../shared/duration.ts';
import { failure, type PortherdError } from '../shared/errors.ts';
import { curlBodyBytesMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Curl, CurlOrder } from '../supervisor/ports.ts';
import { exchange } from './curl-exchange.ts';
import { type ProbeConnection, retire } from './probe-connection.ts';
import type { Attempt, SteeredConnections, Target } from './steered-connection.ts';
import { describeEndpoint } from './tcp-row.ts';

/**
 * Asks one worker, through the port that all share: makes steered connections until the process that serves in the slot has accepted
 * one, which the kernel proves, and only then says something. So no other process ever sees the request.
 *
 * With `bind: worker`, or where steering is refused, the kernel's hash chooses: one in N connections is the right one, some
 * 300 are tried in a second. A worker that is not the slot's sees a connection that is closed without a byte.
 *
 * Errors: WORKER_UNREACHABLE, WORKER_SILENT, WORKER_HUNG_UP, BODY_TOO_LARGE, those of curl-exchange.ts, and `serving`'s.
 */
export function createCurl(connections: SteeredConnections): Curl {
  return {
    async ask(order, tell, abort) {
      const { program, slot, request } = order;
      const begun = performance.now();
      const until = begun + request.timeoutMs;
      if (Buffer.byteLength(request.body ?? '') > curlBodyBytesMax)
        return err(failure('BODY_TOO_LARGE', `the body is over ${curlBodyBytesMax} bytes`, ''));
      const targets = connections.targets(program, slot);
      const target = targets.find(({ server }) => request.port === undefined || server.port === request.port);
      if (target === undefined) {
        const portless = program.listen.length === 0;
        const why = portless ? 'declares no port' : 'has no open socket';
        const advice = portless ? 'Give the program `listen`, or ask its own port or socket.' : undefined;
        return err(failure('WORKER_UNREACHABLE', `${nameOf(order)} ${why}`, advice));
      }
      const reached = await reach(connections, target, order, until, abort);
      if (!reached.ok) return reached;
      const { connection, ...accepted } = reached.value;
      try {
        return await exchange(connection, { request, name: nameOf(order), accepted, begun, until }, tell, abort);
      } finally {
        retire(connection);
      }
    },
  };
}

interface Reached {
  readonly connection: ProbeConnection;
  readonly pid: number;
  readonly attempts: number;
}

async function reach(
  connections: SteeredConnections,
  target: Target,
  order: CurlOrder,
  until: number,
  abort: AbortSignal,
): Promise<Result<Reached>> {
  const { program, slot, serving } = order;
  let doubt: Doubt = { is: 'waiting' };
  let closedAtOnce = 0;
  for (let attempts = 0; ; ) {
    const process = serving();
    if (!process.ok) return process;
    const wanted = { program: program.name, slot, process: process.value };
    const attempt = await connections.attempt(target, wanted, until, abort);
    if (attempt.is !== 'noPort') attempts += 1;
    if (attempt.is === 'taken') return ok({ connection: attempt.connection, pid: attempt.pid, attempts });
    if (attempt.is === 'over') closedAtOnce += 1;
    const fatal = fatalOf(attempt, closedAtOnce, order, target);
    if (fatal !== undefined) return err(fatal);
    // What the deadline cut short tells less than what came before.
    if (attempts <= 1 || performance.now() < until) doubt = attempt;
    if (performance.now() >= until || abort.aborted) return err(silence(doubt, attempts, order));
    await sleep(pauseMs);
  }
}

type Doubt = Exclude<Attempt, { is: 'taken' }>;

/** A client that hammers would keep a busy worker from its other work. */
const pauseMs = 3;
/** One may have been a worker that is just being replaced. */
const closedAtOnceMax = 3;

/** Not worth another attempt. */
function fatalOf(doubt: Doubt, closedAtOnce: number, order: CurlOrder, { server }: Target): PortherdError | undefined {
  if (doubt.is === 'over' && closedAtOnce === closedAtOnceMax)
    return failure('WORKER_HUNG_UP', `${nameOf(order)} closes every connection at once`);
  if (doubt.is === 'failed' && doubt.why !== noHandshake)
    return failure(
      'WORKER_UNREACHABLE',
      `${nameOf(order)} cannot be reached at ${describeEndpoint(server)}: ${doubt.why}`,
    );
  return undefined;
}

const noHandshake = 'no handshake';

function silence(doubt: Doubt, attempts: number, order: CurlOrder): PortherdError {
  const { request, program } = order;
  const within = `within ${formatDuration(request.timeoutMs)}`;
  const name = nameOf(order);
  switch (doubt.is) {
    case 'elsewhere':
      return failure(
        'WORKER_SILENT',
        `${name} accepted none of ${attempts} connections ${within}: other processes took them`,
        program.bind === 'worker'
          ? 'With `bind: worker` the kernel chooses the worker, so this takes luck: allow more time.'
          : undefined,
      );
    case 'noPort':
      return failure('WORKER_SILENT', `no source port was free ${within}`, 'See net.ipv4.ip_local_port_range.');
    case 'failed':
      return failure('WORKER_SILENT', `${name} has its accept queue full: no handshake ${within}`);
    default:
      return failure('WORKER_SILENT', `${name} accepted no connection ${within}`);
  }
}

function nameOf({ program, slot }: CurlOrder): string {
  return `${program.name}:${slot}`;
}
