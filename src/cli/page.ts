/** A page of its own on the terminal, drawn again and again in place. What was on the screen before is back when it is closed. */
export interface Page extends Disposable {
  /** Draws it now, and again when the terminal changes its size. `rows` lines at most are shown. */
  show(content: (columns: number, rows: number) => readonly string[]): void;
}

/**
 * One write a frame over the old one, without clearing first, so it does not flicker. However the process ends, but for SIGKILL, the
 * terminal is as it was. Lines hold no escape sequences, and a character is a column.
 */
export function openPage(stdout: NodeJS.WriteStream): Page {
  let content: ((columns: number, rows: number) => readonly string[]) | undefined;
  let open = true;
  const draw = (): void => {
    if (content === undefined) return;
    const size = { columns: stdout.columns || 80, rows: stdout.rows || 24 };
    stdout.write(frame(content(size.columns, size.rows), size.columns, size.rows));
  };
  const close = (): void => {
    if (!open) return;
    open = false;
    stdout.off('resize', draw);
    process.off('SIGCONT', resume);
    process.off('SIGTSTP', suspend);
    process.off('exit', close);
    stdout.write(leave);
  };
  // Ctrl-Z: the shell gets its screen while we sleep.
  const suspend = (): void => {
    stdout.write(leave);
    process.kill(process.pid, 'SIGSTOP');
  };
  const resume = (): void => {
    stdout.write(enter);
    draw();
  };
  stdout.write(enter);
  stdout.on('resize', draw);
  process.on('SIGCONT', resume);
  process.on('SIGTSTP', suspend);
  process.once('exit', close);
  return {
    show(its) {
      content = its;
      draw();
    },
    [Symbol.dispose]: close,
  };
}

/** Alternate screen, cursor hidden (xterm's 1049 and 25). */
const enter = '\u001B[?1049h\u001B[?25l';
const leave = '\u001B[?25h\u001B[?1049l';

function frame(lines: readonly string[], columns: number, rows: number): string {
  const hidden = lines.length - rows;
  const fitting = hidden > 0 ? [...lines.slice(0, rows - 1), `… ${hidden + 1} more lines`] : lines;
  // A line that fills its row must not be followed by an erasure: the cursor still stands on its last character.
  const drawn = fitting.map((line) => (line.length < columns ? `${line}\u001B[K` : line.slice(0, columns)));
  return `\u001B[H${drawn.join('\r\n')}\u001B[J`;
}
