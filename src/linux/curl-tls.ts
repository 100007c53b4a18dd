import { isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { CurlRequest } from '../protocol/control-curl.ts';
import { failure } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';

/**
 * The TLS client of `portherdctl curl`. The certificate is not checked unless a name is given: the worker was proved by the kernel, and
 * a certificate for loopback is rare. With a name it must be valid for it, by the authorities that Node knows
 * (NODE_EXTRA_CA_CERTS of the daemon adds to them).
 *
 * Errors: TLS_FAILED, CERTIFICATE_REFUSED.
 */
export async function secure(
  socket: Socket,
  { verify, headers }: CurlRequest,
  worker: string,
  stop: AbortSignal,
): Promise<Result<TLSSocket>> {
  // Loaded on first use: a daemon that nobody asks over TLS does without.
  const { connect } = process.getBuiltinModule('node:tls');
  const host = verify ?? hostOf(headers);
  const name = host === undefined ? {} : isIP(host) === 0 ? { servername: host } : { host }; // no SNI for an address
  const tls = connect({ socket, ALPNProtocols: ['http/1.1'], rejectUnauthorized: false, ...name });
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const end = (): void => resolve('it took too long');
  stop.addEventListener('abort', end, { once: true });
  tls.once('secureConnect', () => resolve(undefined));
  // Kept for its life: what breaks later shows in the request.
  tls.on('error', (error) => resolve('reason' in error ? String(error.reason) : error.message));
  tls.once('close', () => resolve('the connection was closed'));
  const failed = await promise;
  stop.removeEventListener('abort', end);
  if (failed !== undefined) {
    tls.destroy();
    // RFC 7301: the alert of a server that has none of the protocols that were offered.
    const advice = failed.includes('no application protocol') ? 'Only HTTP/1.1 is spoken here, not HTTP/2.' : undefined;
    return err(failure('TLS_FAILED', `no TLS handshake with ${worker}: ${failed}`, advice));
  }
  if (verify !== undefined && !tls.authorized) {
    const why = String(tls.authorizationError);
    tls.destroy();
    return err(failure('CERTIFICATE_REFUSED', `the certificate of ${worker} is not valid for ${verify}: ${why}`));
  }
  return ok(tls);
}

function hostOf(headers: CurlRequest['headers']): string | undefined {
  const host = headers.find(([name]) => name.toLowerCase() === 'host')?.[1];
  return host?.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
