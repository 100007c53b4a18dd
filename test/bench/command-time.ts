import type { Daemon } from '../harness/daemon.ts';
import { runCommand } from '../harness/running-command.ts';

/** Wall time of `portherdctl status` and of `node -e 0`, in turns, from spawn to the end of its output. */
export interface CommandPair {
  readonly statusMs: readonly number[];
  readonly nodeMs: readonly number[];
}

export async function compareStatus(daemon: Daemon, rounds: number): Promise<CommandPair> {
  const statusMs: number[] = [];
  const nodeMs: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const status = await timed(() => daemon.ctl('status'));
    const node = await timed(() => runCommand(process.execPath, ['-e', '0']));
    // The first round fills the compile cache and the page cache, as the first command after an installation does.
    if (round === 0) continue;
    statusMs.push(status);
    nodeMs.push(node);
  }
  return { statusMs, nodeMs };
}

async function timed(run: () => ReturnType<typeof runCommand>): Promise<number> {
  const since = performance.now();
  const { exitCode, stderr } = await run();
  const took = performance.now() - since;
  if (exitCode !== 0) throw new Error(`the command failed with ${exitCode}: ${stderr}`);
  return took;
}
