import type { ProgramConfig } from '../config/schema.ts';
import { ebpfSteering } from './sk-reuseport-program.ts';
import { steeringProgram } from './steering-program.ts';

/** How the kernel is told who gets the next connection: by a sk_reuseport program, or by a classic one. */
export type Mechanism = 'ebpf' | 'cbpf';

/**
 * Those that may be tried, best first; none leaves the choice to the kernel's hash. The classic program answers with an index of the
 * kernel's group, so it is out of the question while that is not in the order that we think.
 */
export function mechanismsOf(option: ProgramConfig['steering'], orderTrusted: boolean): readonly Mechanism[] {
  const wanted: Readonly<Record<typeof option, readonly Mechanism[]>> = {
    auto: ['ebpf', 'cbpf'],
    ebpf: ['ebpf', 'cbpf'],
    cbpf: ['cbpf'],
    off: [],
  };
  return orderTrusted ? wanted[option] : wanted[option].filter((mechanism) => mechanism !== 'cbpf');
}

/** For linux/steering.ts, which may not know how programs are made. */
export const steeringPrograms = { classic: steeringProgram, ebpf: ebpfSteering };
