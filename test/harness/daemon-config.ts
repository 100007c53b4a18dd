import { join } from 'node:path';
import { freePort } from './free-port.ts';

/** The config file of a test's daemon: what is written in it, and which free ports stand in it. */
export interface DaemonConfig {
  /**
   * A map of programs, or the whole file as YAML text. In a map `port: 0` stands for a free port, `listen` is one such
   * port on 127.0.0.1 unless given, and `directory` the fixture apps. In text `$port1`, `$port2` … stand for free ports.
   */
  readonly programs: Readonly<Record<string, Readonly<Record<string, unknown>>>> | string;
  readonly supervisor?: Readonly<Record<string, unknown>>;
}

export const fixtureApps = join(import.meta.dirname, '../fixtures/apps');

/** The file's text, and the free ports in it; `given` are used before new ones are looked for. */
export async function configText(
  { programs, supervisor }: DaemonConfig,
  given: readonly number[] = [],
): Promise<{ text: string; ports: number[] }> {
  const ports: number[] = [];
  const take = async (): Promise<number> => {
    const port = given[ports.length] ?? (await freePort());
    ports.push(port);
    return port;
  };
  if (typeof programs === 'string') {
    const count = new Set(programs.match(/\$port\d+/g)).size;
    while (ports.length < count) await take();
    return { text: programs.replaceAll(/\$port(\d+)/g, (_, n: string) => String(ports[Number(n) - 1])), ports };
  }
  const filled: Record<string, unknown> = {};
  for (const [name, program] of Object.entries(programs)) {
    const listen: unknown = program['listen'] ?? [{ port: 0, host: '127.0.0.1' }];
    const entries = Array.isArray(listen) ? listen : [listen];
    for (const [at, entry] of entries.entries()) if (entry.port === 0) entries[at] = { ...entry, port: await take() };
    filled[name] = { directory: fixtureApps, ...program, listen: entries };
  }
  // JSON is YAML.
  return { text: JSON.stringify({ ...(supervisor && { supervisor }), programs: filled }, undefined, 2), ports };
}
