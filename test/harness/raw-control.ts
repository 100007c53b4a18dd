import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A client of the control socket that speaks bytes: for requests that no proper client would send. */
export interface RawReply {
  readonly text: string;
  /** ms from the first byte sent to the end of the connection. */
  readonly tookMs: number;
}

export async function dial(path: string): Promise<Socket> {
  const socket = connect({ path });
  socket.on('error', () => undefined); // its end is what the tests look at
  await once(socket, 'connect');
  return socket;
}

/** Sends `bytes`, and reads until the daemon closes the connection. */
export async function sendRaw(path: string, bytes: string): Promise<RawReply> {
  const since = performance.now();
  const socket = await dial(path);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = once(socket, 'close');
  socket.write(bytes);
  await closed;
  return { text: Buffer.concat(chunks).toString(), tookMs: performance.now() - since };
}

/** A request whose connection ends with its reply. */
export function post(path: string, body: string, type = 'application/json'): string {
  return `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
}
