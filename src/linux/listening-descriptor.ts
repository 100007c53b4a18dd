import type { Server } from 'node:net';
import { assert } from '../shared/assert.ts';

/** The descriptor of a server that listens: Node shows it only on the handle (semi-public, the same on 22, 24 and 26). */
export function descriptorOf(server: Server): number {
  const handle: unknown = Reflect.get(server, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  assert(typeof fd === 'number' && fd >= 0, 'a listening server without a descriptor');
  return fd;
}
