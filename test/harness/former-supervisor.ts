import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { SlotSockets } from './slot-sockets.ts';

/** Steers these sockets by eBPF as another supervisor did, which was killed then: its program and its maps live on in the kernel. */
export function steerAsFormerSupervisor(web: SlotSockets, weights: readonly number[]): void {
  const fds = web.slots.map((slot) => web.listeners.of('web', slot)[0]?.fd ?? -1);
  const main = join(import.meta.dirname, 'former-supervisor-main.ts');
  const { signal, stderr } = spawnSync(process.execPath, [main, JSON.stringify(weights)], {
    stdio: ['ignore', 'inherit', 'pipe', ...fds],
  });
  if (signal !== 'SIGKILL') throw new Error(`the former supervisor did not come to its end: ${String(stderr)}`);
}
