import type { PlannedPort } from '../protocol/channel.ts';

/**
 * Which declared port an app's `listen(port, host)` means. An app that names no host, or a wildcard, means the declared one:
 * where to listen is the operator's decision. A host that no declaration covers answers undefined.
 */
export function plannedFor(
  ports: readonly PlannedPort[],
  port: number,
  host: string | undefined,
): PlannedPort | undefined {
  const same = ports.filter((planned) => planned.port === port);
  const wanted = plain(host);
  const exact = same.find((planned) => plain(planned.host) === wanted);
  if (exact !== undefined) return exact;
  if (isWildcard(host)) return same.find((planned) => isWildcard(planned.host)) ?? same[0];
  return same.find((planned) => covers(plain(planned.host), wanted));
}

/** No host means `::`, which is dual-stack (nodejs/node lib/net.js, setupListenHandle). */
export function isWildcard(host: string | undefined): boolean {
  const wanted = plain(host);
  return wanted === '::' || wanted === '0.0.0.0';
}

function plain(host: string | undefined): string {
  return host === undefined || host === '' ? '::' : host.toLowerCase();
}

function covers(declared: string, wanted: string): boolean {
  if (declared === '::') return true;
  if (declared === '0.0.0.0') return !wanted.includes(':');
  if (declared === 'localhost') return wanted === '127.0.0.1' || wanted === '::1';
  return wanted === 'localhost' && (declared === '127.0.0.1' || declared === '::1');
}
