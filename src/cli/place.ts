import { failure } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';

/** Where a daemon is asked: its control socket, or its TCP port (`supervisor.http`). */
export type DaemonPlace =
  | { readonly is: 'socket'; readonly path: string }
  | {
      readonly is: 'tcp';
      readonly host: string;
      readonly port: number;
      /** A whole Authorization header: `Basic …` or `Bearer …`. */
      readonly authorization: string | undefined;
    };

/** As supervisorctl writes it in its messages. */
export function placeUrl(place: DaemonPlace): string {
  return place.is === 'socket' ? `unix://${place.path}` : `http://${authority(place)}`;
}

/** Of the Host header too; an IPv6 address has its brackets. */
export function authority({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** `unix:///path`, `http://host:port`; without a scheme it is a path. Error: BAD_ARGUMENTS, in supervisorctl's words. */
export function parsePlace(written: string, authorization: string | undefined): Result<DaemonPlace> {
  const [, scheme, rest = ''] = /^(\w+):\/\/(.*)$/s.exec(written) ?? [];
  if (scheme === undefined) return ok({ is: 'socket', path: written });
  if (scheme === 'unix' && rest !== '') return ok({ is: 'socket', path: rest });
  const url = scheme === 'http' && URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined) return err(failure('BAD_ARGUMENTS', notOurs));
  const { hostname, port, username, password } = url;
  const own = username === '' ? undefined : basic(decodeURIComponent(username), decodeURIComponent(password));
  return ok({
    is: 'tcp',
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? defaultPort : Number(port),
    authorization: authorization ?? own,
  });
}

export const notOurs = 'ERROR: url must be http:// or unix://';

/** HTTP's own (RFC 9110, 4.2.1). */
const defaultPort = 80;

/** RFC 7617, 2. */
export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
