import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What a hook sent, as it arrived. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * A server for webhooks, on loopback. By path: /flaky answers 500 twice, then takes all; /silent never answers; /away redirects to /taken;
 * /endless takes and then writes without end; any other takes.
 */
export class HookReceiver implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #refusals = 2;

  static async listen(): Promise<HookReceiver> {
    const receiver = new HookReceiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    // oxlint-disable-next-line no-unsafe-type-assertion -- it listens on TCP
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  at(path: string): readonly Received[] {
    return this.received.filter((one) => one.path === path);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    const path = new URL(request.url ?? '', 'http://h').pathname;
    this.received.push({ path, headers: request.headers, body: JSON.parse(await text(request)) });
    if (path === '/silent') return;
    if (path === '/away') response.writeHead(307, { location: '/taken' });
    if (path === '/flaky' && (this.#refusals -= 1) >= 0) response.writeHead(500);
    if (path !== '/endless') return void response.end('thank you');
    const more = (): void => void (response.destroyed || response.write('x'.repeat(65_536), more));
    more();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
