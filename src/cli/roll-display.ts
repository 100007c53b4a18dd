import type { ErrorBody, RollLine, RollProgress } from '../protocol/control.ts';
import {
  begunLine,
  failedLines,
  leftBehindLine,
  progressLine,
  replacedLine,
  rolledBackLine,
  rolledLine,
} from './render/roll-text.ts';
import type { Screen } from './screen.ts';

/** A terminal's line is redrawn this often, so that a roll that waits is seen to live. */
const redrawMs = 200;

/**
 * A roll as it happens: on a terminal one line that is redrawn, elsewhere a line for each replaced slot; then what came of it.
 * `update` shows its rolls with it too. Knows nothing of the connection.
 */
export class RollDisplay {
  /** Whether a roll has failed, which was shown then. */
  failed = false;
  readonly #screen: Screen;
  readonly #waits: boolean;
  readonly #now: () => number;
  readonly #rolls = new Map<string, Roll>();
  #ticker: NodeJS.Timeout | undefined;

  /** `waits` is false with --no-wait. `now` is in milliseconds. */
  constructor(screen: Screen, waits: boolean, now: () => number) {
    this.#screen = screen;
    this.#waits = waits;
    this.#now = now;
  }

  show(line: RollLine): void {
    const screen = this.#screen;
    switch (line.t) {
      case 'progress':
        return this.#progress(line.roll);
      case 'replaced': {
        const roll = this.#rolls.get(line.program);
        if (roll !== undefined) roll.replaced += 1;
        if (!screen.terminal) screen.print(replacedLine(line));
        return;
      }
      case 'failed': {
        const roll = this.#rolls.get(line.program);
        if (roll !== undefined) roll.failed = true;
        this.failed = true;
        for (const text of failedLines(line, screen.paint)) screen.print(text);
        return;
      }
      case 'rolledBack': {
        const roll = this.#rolls.get(line.program);
        if (roll !== undefined) roll.rolledBack = true;
        screen.print(rolledBackLine(line));
        return;
      }
      case 'finished':
        return this.#finished(line.error);
    }
  }

  /** Stops redrawing. */
  [Symbol.dispose](): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }

  #progress(progress: RollProgress): void {
    const known = this.#rolls.get(progress.program);
    if (known === undefined) {
      this.#rolls.set(progress.program, {
        progress,
        beganAt: this.#now(),
        replaced: 0,
        failed: false,
        rolledBack: false,
      });
      if (!this.#waits) this.#screen.print(begunLine(progress));
    } else known.progress = progress;
    if (!this.#waits || !this.#screen.terminal) return;
    this.#draw(progress.program);
    clearInterval(this.#ticker);
    this.#ticker = setInterval(() => this.#draw(progress.program), redrawMs);
  }

  #draw(program: string): void {
    const roll = this.#rolls.get(program);
    if (roll === undefined) return;
    this.#screen.draw(progressLine(roll.progress, this.#now() - roll.beganAt, this.#screen.columns));
  }

  #finished(error: ErrorBody | undefined): void {
    this[Symbol.dispose]();
    for (const { progress, beganAt, replaced, failed, rolledBack } of this.#rolls.values()) {
      if (failed) this.#screen.print(leftBehindLine(progress.program, replaced, progress.total, rolledBack));
      else if (this.#waits && replaced >= progress.total)
        this.#screen.print(rolledLine(progress, this.#now() - beganAt));
    }
    if (error !== undefined) {
      const shown = [...this.#rolls.values()].some(({ failed }) => failed);
      if (!shown) this.#screen.print(this.#screen.paint('red', `ERROR: ${error.message}`));
      if (error.advice !== '') this.#screen.note(`  ${error.advice}`);
      this.failed = true;
    }
    this.#rolls.clear();
  }
}

interface Roll {
  progress: RollProgress;
  readonly beganAt: number;
  replaced: number;
  failed: boolean;
  rolledBack: boolean;
}
