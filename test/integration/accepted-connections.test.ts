import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { endProcess, startBareWorker } from '../bench/bare-workers.ts';
import { acceptedConnections, freezeAndCount } from '../harness/accepted-connections.ts';
import { freePort } from '../harness/free-port.ts';
import { until } from '../harness/until.ts';

test('a frozen process holds the connections it had accepted, and not those that still queue', async () => {
  const port = await freePort();
  const worker = await startBareWorker(port);
  const { pid = 0 } = worker;
  const sockets: Socket[] = [];
  const open = async (count: number): Promise<void> => {
    const opened = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
    sockets.push(...opened);
    await Promise.all(opened.map((socket) => once(socket, 'connect')));
  };
  try {
    await open(5);
    await until(() => acceptedConnections(pid, port) === 5, { what: 'five connections to be accepted' });
    expect(await freezeAndCount(pid, port)).toBe(5);
    await open(3);
    expect(acceptedConnections(pid, port)).toBe(5);
    process.kill(pid, 'SIGCONT');
    await until(() => acceptedConnections(pid, port) === 8, { what: 'the queue to be accepted' });
  } finally {
    for (const socket of sockets) socket.on('error', () => undefined).destroy();
    await endProcess(worker);
  }
});
