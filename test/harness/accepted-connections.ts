import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { loadLibc } from '../../src/linux/libc.ts';
import { querySockDiag } from '../../src/linux/sock-diag.ts';
import { AF_INET, AF_INET6 } from '../../src/linux/sockaddr.ts';
import { tcpState } from '../../src/linux/tcp-row.ts';
import { assert } from '../../src/shared/assert.ts';
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
  return acceptedByEach([pid], port)[0] ?? 0;
}

/** The same of several processes, from one look at the port. */
export function acceptedByEach(pids: readonly number[], port: number): readonly number[] {
  const connected = connectedTo(port);
  return pids.map((pid) => {
    const held = socketsOf(pid);
    return connected.filter((inode) => held.has(inode)).length;
  });
}

function socketsOf(pid: number): ReadonlySet<number> {
  const held = new Set<number>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1];
    if (inode !== undefined) held.add(Number(inode));
  }
  return held;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}

/** By sock_diag: /proc/net/tcp has tens of thousands of TIME_WAIT rows under load, which take 300 ms to read. */
function connectedTo(port: number): number[] {
  const libc = loadLibc();
  assert(libc.ok, 'libc is needed');
  return [AF_INET, AF_INET6].flatMap((family) => {
    const rows = querySockDiag(libc.value, { family, states: ownedStates, localPort: port });
    assert(rows.ok, 'sock_diag is needed');
    return rows.value.map(({ inode }) => inode);
  });
}

/** Of connections that a process can hold. */
const ownedStates = [
  tcpState.established,
  tcpState.finWait1,
  tcpState.finWait2,
  tcpState.closeWait,
  tcpState.lastAck,
  tcpState.closing,
].reduce((mask, state) => mask | (1 << state), 0);

/** The letter after the command's closing bracket in /proc/PID/stat. */
function stateOf(pid: number): string | undefined {
  return /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1];
}
