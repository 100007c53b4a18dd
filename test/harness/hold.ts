import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Holds up puppets (fixtures/apps/puppet.cjs) until told otherwise: what must happen meanwhile has as long as it takes. */
export class Hold implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'portherd-hold-'));

  /** Of the puppets. */
  get environment(): Readonly<Record<string, string>> {
    return { FLAGS: this.#directory };
  }

  /** From now on whoever boots does not listen, and a request for /held is not answered. */
  begin(): void {
    writeFileSync(this.#file, '');
  }

  end(): void {
    rmSync(this.#file, { force: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get #file(): string {
    return join(this.#directory, 'held');
  }
}
