import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import { type ErrorBody, errorBody, versionHeader } from '../protocol/control.ts';
import { controlRequests } from '../protocol/control-requests.ts';
import { errorCodes, failure, messageOf, type PortherdError } from '../shared/errors.ts';
import {
  controlClientsMax,
  controlRequestBytesMax,
  controlRequestMsMax,
  curlRequestBytesMax,
} from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { version } from '../shared/version.ts';
import type { Log } from '../supervisor/ports.ts';
import type { Control } from '../supervisor/ports-control.ts';
import type { HookControl } from '../supervisor/ports-hooks.ts';
import type { LogControl } from '../supervisor/ports-logs.ts';
import type { Rpc } from '../supervisor/ports-rpc.ts';
import { limitConnections } from './connection-limit.ts';
import { descriptorOf } from './listening-descriptor.ts';
import { routeHooks } from './hook-routes.ts';
import type { HttpGuard } from './http-guard.ts';
import { LineReply } from './line-reply.ts';
import { routeLogs } from './log-routes.ts';
import { routeRpc } from './rpc-routes.ts';

/** For the files that route a part of it. */
export type App = FastifyInstance;
export type Reply = FastifyReply;

export interface ControlServerOptions {
  readonly place: SocketPlace | TcpPlace;
  readonly control: Control;
  readonly logs: LogControl;
  readonly hooks: HookControl;
  /** Not loaded before supervisord's clients ask for it. */
  readonly rpc: () => Promise<Rpc>;
  readonly log: Log;
}

export interface SocketPlace {
  readonly is: 'socket';
  /** In the run directory, which is 0700. */
  readonly path: string;
  readonly mode: number;
  /** A socket that listens on the path already, from before this process replaced itself. */
  readonly inherited?: number | undefined;
}

export interface TcpPlace {
  readonly is: 'tcp';
  readonly host: string;
  readonly port: number;
  readonly guard: HttpGuard;
}

export interface ControlServer {
  /** Of the listening socket. */
  readonly descriptor: number;
  close(): Promise<void>;
}

/**
 * The control socket, and the same over TCP: HTTP with JSON under /v1, and what supervisord's clients use. It checks the form of
 * requests and passes them on; what they mean is the supervisor's business. The table of requests is in protocol/control.ts, that of
 * XML-RPC in protocol/rpc-methods.ts.
 *
 * Errors: LISTEN_FAILED.
 */
export async function openControlServer(options: ControlServerOptions): Promise<Result<ControlServer>> {
  const { place } = options;
  const app = createApp(options);
  route(app, options.control);
  routeLogs(app, options.logs, { refuse, beginLines });
  routeHooks(app, options.hooks, { refuse });
  routeRpc(app, options.rpc, refuse);
  try {
    await listen(app, place);
    if (place.is === 'socket') chmodSync(place.path, place.mode);
    return ok({ descriptor: descriptorOf(app.server), close: () => close(app, place) });
  } catch (thrown) {
    await app.close();
    const where = place.is === 'socket' ? place.path : `${place.host} port ${place.port}`;
    return err(failure('LISTEN_FAILED', `cannot listen on ${where}: ${messageOf(thrown)}`));
  }
}

/** fastify's own listen() takes no descriptor. */
async function listen(app: FastifyInstance, place: SocketPlace | TcpPlace): Promise<void> {
  if (place.is === 'tcp') return void (await app.listen({ host: place.host, port: place.port }));
  const { path, inherited } = place;
  if (inherited === undefined) return void (await app.listen({ path }));
  await app.ready();
  app.server.listen({ fd: inherited });
  await once(app.server, 'listening');
}

/** Node takes the path of a socket away when it has made it itself. */
async function close(app: FastifyInstance, place: SocketPlace | TcpPlace): Promise<void> {
  await app.close();
  if (place.is === 'socket' && place.inherited !== undefined) rmSync(place.path, { force: true });
}

function createApp({ log, place }: ControlServerOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: controlRequestBytesMax,
    requestTimeout: controlRequestMsMax,
    keepAliveTimeout: controlRequestMsMax,
    http: { headersTimeout: controlRequestMsMax, connectionsCheckingInterval: 500 },
    forceCloseConnections: true,
    // A number is not its text: a client that mixes them up is told so.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    // Before routing: what it refuses (a path that cannot be decoded) has met no hook yet.
    frameworkErrors: (error, _request, reply) => {
      void refuse(reply.header(versionHeader, version), failure('BAD_REQUEST', error.message));
    },
  });
  limitConnections(app.server, controlClientsMax);
  app.addHook('onRequest', async (request, reply) => {
    void reply.header(versionHeader, version);
    const refusal = place.is === 'tcp' ? place.guard.refusal(request.headers) : undefined;
    if (refusal?.code === 'UNAUTHORIZED') void reply.header('www-authenticate', 'Basic realm="portherd"');
    return refusal === undefined ? undefined : refuse(reply, refusal);
  });
  // A client that takes no byte of its answer for so long has left it here for good: 128 of them would keep some hundred megabytes.
  app.addHook('onSend', async (_request, reply) => {
    reply.raw.setTimeout(controlRequestMsMax, () => reply.raw.destroy());
  });
  app.setNotFoundHandler((request, reply) => {
    return refuse(reply, failure('NOT_FOUND', `there is no ${request.method} ${request.url}`));
  });
  app.setErrorHandler<Error & { code?: string; statusCode?: number }>((error, request, reply) => {
    if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
      return refuse(reply, failure('BODY_TOO_LARGE', `the request is over ${request.routeOptions.bodyLimit} bytes`));
    }
    if ((error.statusCode ?? 500) < 500) return refuse(reply, failure('BAD_REQUEST', error.message));
    log.error({ event: 'controlFailed', error: error.stack ?? error.message }, 'a control request broke');
    return refuse(reply, failure('INTERNAL', error.message));
  });
  return app;
}

function route(app: FastifyInstance, control: Control): void {
  const { names, signal, stdin, roll, scale, curl, rebalance, update, programs, nothing } = controlRequests;

  app.get<{ Querystring: { detail?: string } }>('/v1/status', (request) =>
    control.status(request.query.detail !== undefined),
  );
  app.get('/v1/connections', () => control.connections());
  app.get('/v1/balance', () => control.balance());
  app.get('/v1/avail', (_request, reply) => answer(reply, control.avail()));
  app.post('/v1/start', { schema: { body: names.schema } }, async ({ body }, reply) =>
    answer(reply, await control.start(names.of(body))),
  );
  app.post('/v1/stop', { schema: { body: names.schema } }, async ({ body }, reply) =>
    answer(reply, await control.stop(names.of(body))),
  );
  app.post('/v1/restart', { schema: { body: names.schema } }, async ({ body }, reply) =>
    answer(reply, await control.restart(names.of(body))),
  );
  app.post('/v1/signal', { schema: { body: signal.schema } }, ({ body }, reply) =>
    answer(reply, control.signal(signal.of(body))),
  );
  app.post('/v1/stdin', { schema: { body: stdin.schema } }, async ({ body }, reply) =>
    answer(reply, await control.stdin(stdin.of(body))),
  );
  app.post('/v1/scale', { schema: { body: scale.schema } }, async ({ body }, reply) =>
    answer(reply, await control.scale(scale.of(body))),
  );
  app.post('/v1/reread', { schema: { body: nothing.schema } }, (_request, reply) => answer(reply, control.reread()));
  app.post('/v1/add', { schema: { body: programs.schema } }, ({ body }, reply) =>
    answer(reply, control.add(programs.of(body))),
  );
  app.post('/v1/remove', { schema: { body: programs.schema } }, ({ body }, reply) =>
    answer(reply, control.remove(programs.of(body))),
  );
  app.post('/v1/reload', { schema: { body: nothing.schema } }, async (_request, reply) =>
    answer(reply, await control.reload()),
  );
  app.post('/v1/shutdown', { schema: { body: nothing.schema } }, (_request, reply) =>
    answer(reply, control.shutdown()),
  );
  app.post('/v1/curl', { schema: { body: curl.schema }, bodyLimit: curlRequestBytesMax }, async ({ body }, reply) => {
    const lines = new LineReply(reply.raw, () => beginLines(reply));
    const asked = await control.curl(curl.of(body), (line) => lines.tell(line), lines.left);
    if (!asked.ok) return refuse(reply, asked.error);
    if (lines.begun) lines.end();
    return reply;
  });
  app.post('/v1/roll', { schema: { body: roll.schema } }, ({ body }, reply) =>
    tellLines(reply, (tell) => control.roll(roll.of(body), tell)),
  );
  app.post('/v1/rebalance', { schema: { body: rebalance.schema } }, ({ body }, reply) =>
    tellLines(reply, (tell) => control.rebalance(rebalance.of(body), tell)),
  );
  app.post('/v1/update', { schema: { body: update.schema } }, ({ body }, reply) => {
    return tellLines(reply, (tell) => control.update(update.of(body), tell));
  });
}

function answer<T>(reply: FastifyReply, result: Result<T>): FastifyReply {
  return result.ok ? reply.send(result.value) : refuse(reply, result.error);
}

function refuse(reply: FastifyReply, error: PortherdError): FastifyReply {
  const body: { error: ErrorBody } = { error: errorBody(error) };
  return reply.code(errorCodes[error.code].http).send(body);
}

/** NDJSON as it happens. A client that leaves, or reads nothing, does not stop the work; its lines are dropped. */
async function tellLines(
  reply: FastifyReply,
  work: (tell: (line: object) => void) => Promise<Result<undefined>>,
): Promise<FastifyReply | undefined> {
  const { raw } = reply;
  let begun = false;
  const tell = (line: object): void => {
    if (!begun) {
      begun = true;
      beginLines(reply);
    }
    if (raw.writable && raw.writableLength < unreadBytesMax) raw.write(`${JSON.stringify(line)}\n`);
  };
  raw.on('error', () => raw.destroy());
  const result = await work(tell);
  if (!result.ok) return refuse(reply, result.error);
  if (begun) raw.end();
  // Whoever has not read the last lines by then does not want them.
  if (begun) raw.setTimeout(controlRequestMsMax, () => raw.destroy());
  return reply;
}

function beginLines(reply: FastifyReply): void {
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': 'application/x-ndjson', [versionHeader]: version });
}

/** A roll of 512 slots tells about 300 KiB in all. */
const unreadBytesMax = 1024 * 1024;
