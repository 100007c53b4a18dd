/** Names of programs, made valid (see checks.ts) and different from each other. */
export class ProgramNames {
  readonly #taken = new Set<string>();

  /** The name itself where that is possible. */
  take(wanted: string): string {
    const plain = wanted
      .replaceAll(/[^\w.-]+/g, '-')
      .replace(/^[^a-zA-Z\d]+/, '')
      .slice(0, nameCharsMax);
    const base = plain === '' || plain === 'all' ? `app${plain === '' ? '' : `-${plain}`}` : plain;
    let name = base;
    for (let number = 2; this.#taken.has(name); number += 1) name = `${base.slice(0, nameCharsMax - 5)}-${number}`;
    this.#taken.add(name);
    return name;
  }
}

const nameCharsMax = 64;
