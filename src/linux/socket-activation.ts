import type { SlotListener } from '../supervisor/ports.ts';

/**
 * systemd's socket protocol, sd_listen_fds(3), for programs in any language: sockets from descriptor 3 on, and three
 * variables. Pure.
 */
export function socketActivationEnv(listeners: readonly SlotListener[]): Record<string, string> {
  if (listeners.length === 0) return {};
  return { LISTEN_FDS: String(listeners.length), LISTEN_FDNAMES: listeners.map(({ name }) => name).join(':') };
}

/**
 * What only the worker's own process can do before it runs, such as LISTEN_PID, its own pid: a shell does it and becomes the program
 * (same pid).
 *
 * dash drops variables whose names are no shell names (`spring.port`); env(1) puts them back.
 */
export function throughShell(
  commands: readonly string[],
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): readonly [string, ...string[]] {
  const dropped = Object.entries(env).filter(([name]) => !/^[A-Za-z_]\w*$/.test(name));
  const restored = dropped.length === 0 ? [] : ['/usr/bin/env', ...dropped.map(([name, value]) => `${name}=${value}`)];
  return ['/bin/sh', '-c', [...commands, 'exec "$@"'].join('; '), 'sh', ...restored, ...argv];
}
