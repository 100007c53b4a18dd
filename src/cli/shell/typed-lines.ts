import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';
import type { History } from './history.ts';
import type { Lines } from './lines.ts';

/** What `complete` answers: all that the last word may become. */
export type Complete = (line: string) => Promise<readonly string[]>;

/**
 * Lines typed on a terminal, edited with readline's keys. Between two of them the terminal is as the shell found it, so that a command may
 * use it; what was pasted in several lines is kept.
 */
export function typedLines(history: History, complete: Complete): Lines {
  const pasted: string[] = [];
  /** What was pasted behind the last line end. */
  let begun = '';
  /** Undefined at the end of input; empty with Ctrl-C. */
  const read = async (prompt: string, earlier: readonly string[], complete: Complete): Promise<string | undefined> => {
    const waiting = pasted.shift();
    if (waiting !== undefined) {
      process.stdout.write(`${prompt}${waiting}\n`);
      return waiting;
    }
    const edit = openEditor(prompt, earlier, complete);
    edit.write(begun);
    const typed = await typedIn(edit);
    begun = typed.begun;
    const [line, ...more] = typed.lines;
    pasted.push(...more);
    unshow(more, begun);
    return line;
  };
  return {
    interactive: true,

    async next(prompt) {
      const line = await read(prompt, history.lines, complete);
      if (line !== undefined) history.add(line);
      return line;
    },

    answer: (question) => read(question, [], async () => []),
  };
}

function openEditor(prompt: string, history: readonly string[], complete: Complete): Interface {
  let closed = false;
  const completer = (line: string, tell: (error: null, found: [string[], string]) => void): void => {
    const typed = line.split(/\s+/).at(-1) ?? '';
    const show = (all: readonly string[]): void => {
      // Whoever has pressed Enter since wants no names any more.
      if (closed) return;
      // The only one is complete: on to the next word.
      tell(null, [all.length === 1 ? [`${all[0]} `] : [...all], typed]);
    };
    void complete(line).then(show);
  };
  const edit = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt,
    completer,
    history: [...history],
    removeHistoryDuplicates: true,
    // Without it Escape seems to hang for half a second.
    escapeCodeTimeout: 50,
  });
  edit.once('close', () => (closed = true));
  edit.prompt();
  return edit;
}

interface Typed {
  /** All that came with the first line end: more than one when they were pasted. None at the end of input. */
  readonly lines: readonly string[];
  readonly begun: string;
}

function typedIn(edit: Interface): Promise<Typed> {
  const { promise, resolve } = Promise.withResolvers<Typed>();
  const lines: string[] = [];
  let over = false;
  const done = (typed: Typed, echo: string): void => {
    if (over) return;
    over = true;
    resolve(typed);
    edit.close();
    process.stdout.write(echo);
  };
  const take = (line: string): void => {
    lines.push(line);
    // What came with it, in one piece, is still to be told.
    if (lines.length === 1) setImmediate(() => done({ lines, begun: edit.line }, ''));
  };
  edit.on('line', take);
  edit.on('SIGINT', () => {
    process.stdout.write('^C\n');
    edit.write(null, { ctrl: true, name: 'e' });
    edit.write(null, { ctrl: true, name: 'u' });
    take('');
  });
  // Back from Ctrl-Z, readline has paused itself.
  edit.on('SIGCONT', () => edit.prompt(true));
  edit.once('close', () => done({ lines: [], begun: '' }, '\n'));
  return promise;
}

/** Pasted lines have been shown, all at once; each is shown again in its turn. */
function unshow(lines: readonly string[], begun: string): void {
  const { stdout } = process;
  if (lines.length === 0 && begun === '') return;
  const rows = (text: string): number => Math.max(1, Math.ceil(text.length / (stdout.columns || 80)));
  const up = lines.reduce((sum, line) => sum + rows(line), 0) + rows(begun) - 1;
  cursorTo(stdout, 0);
  moveCursor(stdout, 0, -up);
  clearScreenDown(stdout);
}
