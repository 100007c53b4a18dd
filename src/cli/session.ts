import type { Client } from './client.ts';
import type { CommandSpec, Flags, ToolSpec } from './command-line.ts';
import type { Screen } from './screen.ts';

/** What a command of portherdctl gets. */
export interface Session {
  readonly words: readonly string[];
  readonly flags: Flags;
  readonly json: boolean;
  readonly client: Client;
  readonly screen: Screen;
  /** portherdctl itself: all its commands and options. */
  readonly tool: ToolSpec;
  /** The help page of a command. */
  readonly help: (command: string | undefined) => string | undefined;
}

/** One file each under commands/. Answers the exit code. */
export interface Command extends CommandSpec {
  run(session: Session): Promise<number>;
}
