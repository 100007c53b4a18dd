import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** What a client saw on its connection. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** The `Connection` header. */
  readonly connection: string | undefined;
  /** Local port: tells connections apart. */
  readonly from: number | undefined;
}

/** One client that keeps its connection for the next request. Rejects when a request fails: nothing is tried again. */
export class KeepAliveClient implements Disposable {
  readonly #agent: HttpAgent;
  readonly #port: number;
  readonly #secure: boolean;

  constructor(port: number, { secure = false }: { readonly secure?: boolean } = {}) {
    this.#port = port;
    this.#secure = secure;
    const options = { keepAlive: true, maxSockets: 1 };
    this.#agent = secure ? new HttpsAgent({ ...options, rejectUnauthorized: false }) : new HttpAgent(options);
  }

  get(path = '/'): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const options = {
      host: '127.0.0.1',
      port: this.#port,
      path,
      agent: this.#agent,
      signal: AbortSignal.timeout(60_000),
    };
    let from: number | undefined;
    const take = (response: IncomingMessage): void => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, connection: response.headers.connection, from }),
      );
    };
    const asked: ClientRequest = this.#secure ? httpsRequest(options, take) : httpRequest(options, take);
    asked.on('socket', (socket) => {
      from = socket.localPort;
      if (socket.connecting) socket.once('connect', () => (from = socket.localPort));
    });
    asked.on('error', reject);
    asked.end();
    return promise;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
