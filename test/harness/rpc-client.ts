import { type IncomingHttpHeaders, request } from 'node:http';
import { escapeXml } from '../../src/protocol/xml-text.ts';

/** XML-RPC as text: calls as a client writes them, or as none should. */
export interface RpcReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** `10 BAD_NAME: nope`, or undefined when it is no fault. */
  readonly fault: string | undefined;
}

/** A Unix socket's path, or a port of 127.0.0.1. */
export type RpcPlace = string | number;

export interface HttpAsk {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export function callRpc(place: RpcPlace, method: string, ...params: readonly (string | number)[]): Promise<RpcReply> {
  return askHttp(place, { body: callXml(method, params) });
}

export function callXml(method: string, params: readonly (string | number)[] = []): string {
  const values = params.map((param) =>
    typeof param === 'number' ? `<int>${param}</int>` : `<string>${escapeXml(param)}</string>`,
  );
  const list = values.map((value) => `<param><value>${value}</value></param>`).join('');
  return `<?xml version='1.0'?>\n<methodCall><methodName>${escapeXml(method)}</methodName><params>${list}</params></methodCall>`;
}

/** POST to /RPC2 unless said otherwise, on a connection of its own. */
export function askHttp(
  place: RpcPlace,
  { method = 'POST', path = '/RPC2', headers = {}, body }: HttpAsk,
): Promise<RpcReply> {
  const { promise, resolve, reject } = Promise.withResolvers<RpcReply>();
  const where = typeof place === 'string' ? { socketPath: place } : { host: '127.0.0.1', port: place };
  const type = body === undefined ? {} : { 'content-type': 'text/xml' };
  const signal = AbortSignal.timeout(30_000);
  const options = { ...where, method, path, headers: { ...type, ...headers }, agent: false, signal };
  const asked = request(options, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => (text += part));
    response.on('error', reject);
    response.on('end', () => {
      const { statusCode: status = 0, headers: got } = response;
      const [, code, name] = /faultCode<\/name><value><int>(\d+)<.*<string>([^<]*)</s.exec(text) ?? [];
      resolve({ status, headers: got, text, fault: code === undefined ? undefined : `${code} ${name}` });
    });
  });
  asked.on('error', reject);
  asked.end(body);
  return promise;
}
