import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { until } from './until.ts';

/**
 * How many connections a process has accepted on a port and not closed: the most that its SIGKILL may lose. Exact,
 * because the process is frozen first (SIGSTOP) and stays so: it can accept no more before it is killed.
 */
export async function freezeAndCount(pid: number, port: number): Promise<number> {
  process.kill(pid, 'SIGSTOP');
  await until(() => stateOf(pid) === 'T', { what: `process ${pid} to stop`, interval: 1 });
  return acceptedConnections(pid, port);
}

/** Sockets that are connected to `port` on this side and have a descriptor in `pid`. A connection still in an accept queue has none. */
export function acceptedConnections(pid: number, port: number): number {
  const held = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
    if (inode !== undefined) held.add(inode);
  }
  return [...connectedTo(port)].filter((inode) => held.has(inode)).length;
}

/** Columns of /proc/net/tcp, proc(5): sl local_address rem_address st … inode is the tenth; state 0A is LISTEN. */
function* connectedTo(port: number): Generator<string> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(table, 'latin1').split('\n').slice(1)) {
      const columns = line.trim().split(/\s+/);
      const inode = columns[9];
      if (inode !== undefined && columns[1]?.endsWith(`:${hex}`) && columns[3] !== '0A') yield inode;
    }
  }
}

/** The letter after the command's closing bracket in /proc/PID/stat. */
function stateOf(pid: number): string | undefined {
  return /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1];
}
