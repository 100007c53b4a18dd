import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { versionHeader } from '../../src/protocol/control.ts';
import { version } from '../../src/shared/version.ts';

/** What the fake daemon answers to `GET /v1/status` and so on: JSON, or a function that answers as it likes. */
export type Answers = Record<string, object | ((request: Asked, response: ServerResponse) => void)>;

export interface Asked {
  readonly route: string;
  readonly body: unknown;
}

export interface FakeControl extends AsyncDisposable {
  readonly socketPath: string;
  /** Every request so far. */
  readonly asked: Asked[];
  /** As a daemon that has ended: the socket is gone. */
  close(): Promise<void>;
}

/** A daemon's control socket that says what the test wants. An unknown route is the 404 of the protocol. */
export async function fakeControl(answers: Answers, daemonVersion = version): Promise<FakeControl> {
  const directory = await mkdtemp(join(tmpdir(), 'portherd-fake-'));
  const socketPath = join(directory, 'control.sock');
  const asked: Asked[] = [];
  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const one = { route: `${request.method} ${request.url}`, body: await readBody(request) };
    asked.push(one);
    response.setHeader(versionHeader, daemonVersion);
    const answer = answers[one.route] ?? refuse('NOT_FOUND', `no ${one.route}`, 1, 404);
    if (typeof answer === 'function') answer(one, response);
    else response.end(JSON.stringify(answer));
  };
  const server = createServer((request, response) => void reply(request, response));
  server.listen(socketPath);
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return {
    socketPath,
    asked,
    close,
    async [Symbol.asyncDispose]() {
      await close();
      await rm(directory, { recursive: true });
    },
  };
}

/** An error reply of the protocol. */
export function refuse(code: string, message: string, exit: number, status = 409, advice = '') {
  return (_request: Asked, response: ServerResponse): void => {
    response.statusCode = status;
    response.end(JSON.stringify({ error: { code, message, advice, exit } }));
  };
}

/** An NDJSON reply: all lines, then the end. */
export function lines(...all: readonly object[]) {
  return (_request: Asked, response: ServerResponse): void => {
    response.setHeader('content-type', 'application/x-ndjson');
    for (const line of all) response.write(`${JSON.stringify(line)}\n`);
    response.end();
  };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text === '' ? undefined : JSON.parse(text);
}
