import { ebpfSteering } from '../../src/core/sk-reuseport-program.ts';
import { createBpf } from '../../src/linux/bpf.ts';
import { realLibc } from './slot-sockets.ts';

/** Why eBPF cannot be tried here, as an errno's name; undefined where it can. Says so once, for who reads a run with skipped tests. */
export function ebpfRefusal(): string | undefined {
  const libc = realLibc();
  const bpf = createBpf(libc);
  const fds: number[] = [];
  const steps = [
    () => bpf.createMap('reuseportSocketArray', 4, 8, 1),
    () => bpf.createMap('hash', 4, 4, 1),
    () => bpf.createMap('array', 4, ebpfSteering.tableBytes, 1),
    () => bpf.createMap('array', 4, 4, 1),
    () => bpf.createMap('array', 4, ebpfSteering.dealtBytes, 1),
    () => {
      const [sockets = -1, probes = -1, table = -1, turns = -1, dealt = -1] = fds;
      return bpf.loadReuseport(ebpfSteering.program({ sockets, probes, table, turns, dealt }));
    },
  ];
  try {
    for (const step of steps) {
      const done = step();
      if (!done.ok) {
        console.warn(`tests of eBPF are skipped: bpf(2) answers ${done.error}`);
        return done.error;
      }
      fds.push(done.value);
    }
    return undefined;
  } finally {
    for (const fd of fds) libc.close(fd);
  }
}
