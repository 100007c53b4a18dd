import { fstatSync } from 'node:fs';
import { ebpfSteering } from '../../src/core/sk-reuseport-program.ts';
import { createEbpfSteering } from '../../src/linux/ebpf-steering.ts';
import type { GroupMember } from '../../src/linux/port-group.ts';
import { realLibc } from './slot-sockets.ts';

/** The other half of former-supervisor.ts: descriptors 3, 4, … are the slots'; the argument is their weights. */
const weights: number[] = JSON.parse(process.argv[2] ?? '');
const group = weights.map((_, slot): GroupMember => {
  const fd = 3 + slot;
  const where = { name: 'port0', host: '127.0.0.1', port: 1, backlog: 511 };
  return { ...where, fd, slot, inode: fstatSync(fd).ino, kept: false, parked: false };
});
const done = createEbpfSteering(realLibc(), ebpfSteering).steer('web:0', group, {
  weights,
  by: 'weight',
  diversions: new Set(),
});
if (!done.ok) throw new Error(done.error);
process.kill(process.pid, 'SIGKILL');
