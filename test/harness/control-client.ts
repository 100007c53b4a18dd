import { request } from 'node:http';

/** A bare client of the control socket: what a test asks without going through portherdctl. */
export interface ApiReply {
  readonly status: number;
  readonly text: string;
  /** The body as JSON. Its shape is the protocol's promise (src/protocol/control.ts), which the caller names. */
  json(): Json;
  /** The body as NDJSON. */
  lines(): Json[];
}

/** What JSON.parse gives: annotate the variable that takes it. */
export type Json = ReturnType<typeof JSON.parse>;

/** A roll of four slow workers takes seconds; nothing takes minutes. */
const replyLimitMs = 120_000;

/** Rejects when nobody listens on `socketPath`, or has not answered within two minutes. */
export function askControl(socketPath: string, method: string, path: string, body?: unknown): Promise<ApiReply> {
  const { promise, resolve, reject } = Promise.withResolvers<ApiReply>();
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers =
    text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) };
  const signal = AbortSignal.timeout(replyLimitMs);
  const asked = request({ socketPath, method, path, headers, agent: false, signal }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () => resolve(reply(response.statusCode ?? 0, Buffer.concat(chunks).toString())));
  });
  asked.on('error', reject);
  asked.end(text);
  return promise;
}

function reply(status: number, text: string): ApiReply {
  return {
    status,
    text,
    json: () => JSON.parse(text),
    lines: () =>
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
  };
}
