import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';

/** What every benchmark prints and, with --write, keeps: the machine, the command, and a table. */
export class BenchOutput {
  readonly #lines: string[] = [];
  readonly #title: string;

  constructor(title: string) {
    this.#title = title;
  }

  say(line: string): void {
    console.log(line);
    this.#lines.push(line);
  }

  /** Markdown, padded so that it also reads well in a terminal. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const widths = head.map((cell, at) => Math.max(cell.length, ...rows.map((row) => row[at]?.length ?? 0)));
    const line = (cells: readonly string[]): string =>
      `| ${widths.map((width, at) => (cells[at] ?? '').padEnd(width)).join(' | ')} |`;
    this.say(line(head));
    this.say(line(widths.map((width) => '-'.repeat(width))));
    for (const row of rows) this.say(line(row));
  }

  machine(): void {
    const name = cpus()[0]?.model ?? 'unknown processor';
    const gib = Math.round(totalmem() / 2 ** 30);
    const load = readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 3).join(' ');
    this.say(`${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} × ${name}, ${gib} GiB,`);
    this.say(`Linux ${release()}, Node ${process.version}; load average before: ${load}`);
    this.say('');
  }

  /** Appends to test/bench/results/YYYY-MM-DD.md, so that one day's benchmarks stand together. */
  async write(command: string): Promise<void> {
    const folder = join(import.meta.dirname, 'results');
    await mkdir(folder, { recursive: true });
    const file = join(folder, `${new Date().toISOString().slice(0, 10)}.md`);
    await writeFile(file, `# ${this.#title}\n\n\`${command}\`\n\n${this.#lines.join('\n')}\n\n`, { flag: 'a' });
    console.log(`\nkept in ${file}`);
  }
}
