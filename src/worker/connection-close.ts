import type { ServerResponse } from 'node:http';
import type { Connection } from './connections.ts';

/**
 * Makes a response say `Connection: close`, whatever the app or a proxy library says in its headers. Every response passes
 * through its own `writeHead`, also when the app never calls it (lib/_http_server.js, _implicitHeader; 22.23, 24.21, 26.10).
 * Only responses of a draining worker are touched, each by itself; the prototype is left alone.
 */
export function closeAfter(connection: Connection, response: ServerResponse): void {
  if (response.headersSent) return;
  const inner: unknown = Reflect.get(response, 'writeHead');
  if (typeof inner !== 'function') return;
  const writeHead = (...args: unknown[]): ServerResponse => Reflect.apply(inner, response, args);
  const wrapped = (...args: unknown[]): ServerResponse => {
    const [status] = args;
    const informational = typeof status === 'number' && status < 200;
    // A client that pipelines has sent the next request already: say it on the last answer, or the others are lost.
    const last = connection.response === undefined || connection.response === response;
    if (informational || !last) return writeHead(...args);
    response.shouldKeepAlive = false;
    if (response.hasHeader('connection')) response.setHeader('Connection', 'close');
    return writeHead(...args.map(withClose));
  };
  Object.defineProperty(response, 'writeHead', {
    value: wrapped,
    configurable: true,
    enumerable: false,
    writable: true,
  });
}

/** Headers given to writeHead: an object, a flat list of names and values, or a list of pairs. */
function withClose(headers: unknown): unknown {
  if (Array.isArray(headers)) {
    if (Array.isArray(headers[0]))
      return headers.map((pair: unknown) => (isConnectionPair(pair) ? ['Connection', 'close'] : pair));
    return headers.map((value: unknown, at) => (at % 2 === 1 && isConnection(headers[at - 1]) ? 'close' : value));
  }
  if (typeof headers !== 'object' || headers === null) return headers;
  const names = Object.keys(headers).filter(isConnection);
  return names.length === 0 ? headers : { ...headers, ...Object.fromEntries(names.map((name) => [name, 'close'])) };
}

function isConnectionPair(pair: unknown): boolean {
  return Array.isArray(pair) && isConnection(pair[0]);
}

function isConnection(name: unknown): boolean {
  return typeof name === 'string' && name.toLowerCase() === 'connection';
}
