import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { SupervisorConfig } from '../config/schema.ts';
import { failure, messageOf, type PortherdError } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';

/** Who may ask over TCP. The control socket needs none of this: its file's mode says who may. */
export interface HttpGuard {
  /** What is wrong with a request, before its body is read. */
  refusal(headers: IncomingHttpHeaders): PortherdError | undefined;
}

/**
 * - Host: an address, `localhost`, this machine's name, or one of `names`. Another name is one that somebody has pointed here (DNS
 *   rebinding). Without the header it is no browser.
 * - Origin: a page of another place may not ask, also not with the credentials that a browser remembers.
 * - Credentials: Basic, or Bearer with the token. Compared by their digests, in constant time.
 *
 * Errors: CONFIG_INVALID for a file that cannot be read, or is empty.
 */
export function createHttpGuard(http: SupervisorConfig['http']): Result<HttpGuard> {
  const names = new Set(['localhost', hostname().toLowerCase(), ...http.names.map((name) => name.toLowerCase())]);
  const accepted: Buffer[] = [];
  const secrets = [
    { file: http.passwordFile, key: 'passwordFile', of: (secret: string) => basic(`${http.username}:${secret}`) },
    { file: http.tokenFile, key: 'tokenFile', of: (secret: string) => digest(`bearer ${secret}`) },
  ];
  for (const { file, key, of } of secrets) {
    if (file === undefined) continue;
    const secret = readSecret(file, key);
    if (!secret.ok) return secret;
    accepted.push(of(secret.value));
  }
  return ok({
    refusal(headers) {
      if (!isOurs(headers.host, names)) {
        return failure('FOREIGN_REQUEST', `${headers.host} is not a name of this daemon`);
      }
      if (headers.origin !== undefined && !isSame(headers.origin, headers.host)) {
        return failure('FOREIGN_REQUEST', `a page of ${headers.origin} asks`);
      }
      if (accepted.length === 0) return undefined;
      const given = digestOf(headers.authorization ?? '');
      const fits = accepted.map((one) => timingSafeEqual(one, given)).includes(true);
      return fits ? undefined : failure('UNAUTHORIZED', 'credentials are wanted');
    },
  });
}

function readSecret(file: string, key: string): Result<string> {
  try {
    const [secret = ''] = readFileSync(file, 'utf8').split('\n', 1);
    return secret === '' ? err(failure('CONFIG_INVALID', `supervisor.http.${key}: ${file} is empty`)) : ok(secret);
  } catch (thrown) {
    return err(failure('CONFIG_INVALID', `supervisor.http.${key}: ${messageOf(thrown)}`));
  }
}

function isOurs(host: string | undefined, names: ReadonlySet<string>): boolean {
  if (host === undefined) return true;
  const name = host
    .replace(/:\d{1,5}$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  return isIP(name) !== 0 || names.has(name);
}

function isSame(origin: string, host: string | undefined): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}

/** Of an Authorization header; the scheme's case means nothing (RFC 9110, 11.1). */
function digestOf(authorization: string): Buffer {
  const [, scheme = '', rest = ''] = /^(\w+) +(.*)$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'basic') return basic(Buffer.from(rest, 'base64').toString('utf8'));
  return digest(`${scheme.toLowerCase()} ${rest}`);
}

function basic(userAndPassword: string): Buffer {
  return digest(`basic ${userAndPassword}`);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
