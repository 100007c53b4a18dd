import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';

/**
 * Runs portherdctl with these arguments as a process of its own, so that Ctrl-C ends the command and not the shell, whatever the command
 * does. 60 ms each. On a terminal it may read from it.
 */
export async function runLine(args: readonly string[], env: NodeJS.ProcessEnv, typed: boolean): Promise<void> {
  process.on('SIGINT', interrupted);
  try {
    const program = realpathSync(process.argv[1] ?? '');
    const stdin = typed ? 'inherit' : 'ignore';
    const child = spawn(process.execPath, [program, ...args], { env, stdio: [stdin, 'inherit', 'inherit'] });
    await once(child, 'exit');
  } finally {
    process.off('SIGINT', interrupted);
  }
}

/** The terminal sends Ctrl-C to the command too, which ends. Our own line break comes behind its ^C. */
function interrupted(): void {
  process.stdout.write('\n');
}
