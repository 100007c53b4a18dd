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

export interface SteeringInForce {
  readonly by: Mechanism | 'hash';
  /** What was tried before, and the errno's name. */
  readonly refusals: readonly { readonly mechanism: Mechanism; readonly errno: string }[];
}

export interface SteeringStory {
  readonly by: SteeringInForce['by'];
  /** Why not by something better; absent when it is the best, or what was asked for. */
  readonly why?: string;
  /** What can be done about it; absent when it is as it should be, or soon will be. */
  readonly advice?: string;
}

/** For people: what is in force, and why. */
export function steeringStory(
  option: ProgramConfig['steering'],
  { by, refusals }: SteeringInForce,
  distrust: string | undefined,
): SteeringStory {
  if (option === 'off') return { by, why: 'off' };
  const whys = refusals.map(({ mechanism, errno }) => (mechanism === 'ebpf' ? whyNotEbpf(errno) : `cbpf: ${errno}`));
  if (distrust !== undefined) whys.push(distrust);
  const why = whys.length > 0 ? { why: whys.join('; ') } : {};
  if (by === 'hash') return { by, ...why, advice: distrust === undefined ? advice.cbpf : advice.order };
  const failed = option === 'ebpf' && by === 'cbpf' && refusals.some(({ errno }) => errno !== 'EBUSY');
  return failed ? { by, ...why, advice: advice.ebpf } : { by, ...why };
}

/** bpf(2): EINVAL is what a kernel answers that does not know BPF_SK_REUSEPORT_SELECT_OR_MIGRATE. */
function whyNotEbpf(errno: string): string {
  const known: Readonly<Record<string, string>> = {
    EPERM: 'no CAP_BPF',
    EINVAL: 'ebpf needs Linux 5.14',
    ENOSYS: 'no bpf(2) here',
    EBUSY: 'a former program still has the sockets',
  };
  return known[errno] ?? `ebpf: ${errno}`;
}

const advice = {
  ebpf: 'Give the daemon CAP_BPF (in its unit AmbientCapabilities=CAP_BPF, and bpf in SystemCallFilter), or write `steering: cbpf`.',
  cbpf: 'Something forbids setsockopt(SO_ATTACH_REUSEPORT_CBPF), seccomp perhaps; connections also go to slots that start or are stalled.',
  order: 'Does a worker shut its listener down? Stop and start the program to have the order mended.',
};

/** For linux/steering.ts, which may not know how programs are made. */
export const steeringPrograms = { classic: steeringProgram, ebpf: ebpfSteering };
