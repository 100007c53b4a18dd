import { givenAuthorization } from '../choose-place.ts';
import { DaemonClient } from '../client.ts';
import { candidates } from '../completion/candidates.ts';
import { completionTable } from '../completion/table.ts';
import { knownNames } from '../known-names.ts';
import { type DaemonPlace, parsePlace } from '../place.ts';
import type { Session } from '../session.ts';
import { History, historyPath } from './history.ts';
import { type Lines, pipedLines } from './lines.ts';
import { runLine } from './run-line.ts';
import { typedLines } from './typed-lines.ts';
import { lineWords } from './words.ts';

/**
 * portherdctl's shell: a line is a command with its words and options. Ends with `exit`, `quit`, `EOF` or the end of input, always with
 * exit code 0, as supervisorctl's. It needs no daemon; each command says for itself when there is none.
 */
export async function runShell(session: Session, { greets }: { readonly greets: boolean }): Promise<number> {
  const shell = new Shell(session);
  await shell.run(greets);
  return 0;
}

class Shell {
  readonly #session: Session;
  readonly #lines: Lines;
  /** Of `open`. */
  #opened: { readonly url: string; readonly place: DaemonPlace } | undefined;

  constructor(session: Session) {
    this.#session = session;
    const { flags, screen, tool } = session;
    const table = completionTable(tool);
    const complete = (line: string): Promise<readonly string[]> =>
      candidates(table, line.trimStart().split(/\s+/), (kind) => knownNames(this.#client(), kind));
    if (process.stdin.isTTY && screen.terminal) {
      const failed = (why: string): void => screen.note(`note: no history is kept: ${why}`);
      this.#lines = typedLines(new History(historyPath(flags.text('history-file'), process.env), failed), complete);
    } else this.#lines = pipedLines(process.stdin);
  }

  async run(greets: boolean): Promise<void> {
    // Between a line and its command, and between that and the next prompt, the terminal makes a signal of Ctrl-C, and it is ours.
    if (this.#lines.interactive) process.on('SIGINT', ignore);
    // As supervisorctl begins.
    if (greets) await this.#run(['status']);
    const { screen } = this.#session;
    if (greets && this.#lines.interactive)
      screen.note(screen.paint('dim', '`help` lists the commands, Ctrl-D leaves.'));
    for (;;) {
      const line = await this.#lines.next(prompt);
      if (line === undefined) return;
      const words = lineWords(line);
      if (line.length > lineCharsMax || line.includes('\0'))
        screen.print(
          screen.paint('red', `Error: a line has at most ${lineCharsMax} characters, and none of them is NUL`),
        );
      else if (words === undefined) screen.print(screen.paint('red', 'Error: a quote is not closed'));
      else if (leaves.includes(words[0] ?? '')) return;
      else if (words.length > 0) await this.#obey(words);
    }
  }

  async #obey(words: readonly string[]): Promise<void> {
    const [name = '', ...rest] = words;
    if (name === 'open') this.#open(rest);
    const question = rest.length === 0 ? questions[name] : undefined;
    if (question !== undefined && !(await this.#confirms(question))) return;
    await this.#run(name === '?' ? ['help', ...rest] : words);
  }

  /** `open` itself then shows its status, or says what is wrong with the URL. */
  #open([url = '', ...more]: readonly string[]): void {
    const place =
      url.includes('://') && more.length === 0 ? parsePlace(url, givenAuthorization(this.#session.flags)) : undefined;
    if (place?.ok === true) this.#opened = { url, place: place.value };
  }

  async #confirms(question: string): Promise<boolean> {
    const answer = await this.#lines.answer(`${question} y/N? `);
    return /^y/i.test(answer ?? '');
  }

  #client(): DaemonClient {
    return new DaemonClient(this.#opened?.place ?? this.#session.client.place);
  }

  /** With the options that the shell itself was given. */
  async #run(words: readonly string[]): Promise<void> {
    const { flags } = this.#session;
    const password = flags.text('password');
    const valued = ['socket', 'config', 'username'].flatMap((name) => {
      const value = flags.text(name);
      return value === undefined ? [] : [`--${name}`, value];
    });
    const switches = ['json', 'no-color'].flatMap((name) => (flags.has(name) ? [`--${name}`] : []));
    const daemon =
      this.#opened === undefined ? valued : ['--socket', this.#opened.url, ...userOf(flags.text('username'))];
    // Not among the arguments, where ps shows it.
    const env = password === undefined ? process.env : { ...process.env, PORTHERD_PASSWORD: password };
    await runLine([...daemon, ...switches, ...words], env, this.#lines.interactive);
  }
}

function ignore(): void {
  // To be heard is enough: a signal that nobody listens to ends the process.
}

function userOf(username: string | undefined): readonly string[] {
  return username === undefined ? [] : ['--username', username];
}

const prompt = 'portherd> ';

/** A word becomes an argument of a process: 128 KiB, and it ends at a NUL (execve(2)). */
const lineCharsMax = 32 * 1024;

const leaves: readonly string[] = ['exit', 'quit', 'EOF'];

/** What supervisorctl asks for. */
const questions: Readonly<Record<string, string>> = {
  shutdown: 'Really shut the portherd daemon down, with all its workers',
  reload: 'Really replace the portherd daemon (its workers serve on)',
};
