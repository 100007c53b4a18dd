import { spawnSync } from 'node:child_process';

/** As a worker may: shutdown(2) on a listener that others hold too makes it deaf for all of them. */
export function shutDownSocket(fd: number): void {
  const script = 'import socket; socket.socket(fileno=3).shutdown(socket.SHUT_RDWR)';
  const { status, stderr } = spawnSync('python3', ['-c', script], { stdio: ['ignore', 'ignore', 'pipe', fd] });
  if (status !== 0) throw new Error(String(stderr));
}
