import { get } from 'node:http';

/** One GET on a connection of its own, closed afterwards: fetch() would keep it open and hold up the next drain. */
export function getText(port: number, path = '/', host = '127.0.0.1'): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const signal = AbortSignal.timeout(30_000);
  const asked = get({ host, port, path, agent: false, signal }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => (text += part));
    response.on('error', reject);
    response.on('end', () => resolve(text));
  });
  asked.on('error', reject);
  return promise;
}
