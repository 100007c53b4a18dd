/** Ports that programs were given so far; a second program at the same one would make the config invalid (checks.ts). */
export class PortsTaken {
  readonly #taken: { readonly port: number; readonly host: string; readonly program: string }[] = [];

  /** Undefined when it was free, and is `program`'s now; else whose it is. */
  take(port: number, program: string, host = '::'): string | undefined {
    const other = this.#taken.find(
      (one) => one.port === port && (one.host === host || isWild(one.host) || isWild(host)),
    );
    if (other === undefined) this.#taken.push({ port, host, program });
    return other?.program;
  }
}

function isWild(host: string): boolean {
  return host === '::' || host === '0.0.0.0';
}

/** 1..65535, from a number or its text; undefined when it is none. */
export function portOf(value: unknown): number | undefined {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value).trim() : '';
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}
