import { constants } from 'node:os';
import type { ExitReport } from '../supervisor/ports.ts';

/** The `siginfo_t` that waitid(2) fills: SI_MAX_SIZE of include/uapi/asm-generic/siginfo.h. */
export const siginfoBytes = 128;

/** CLD_EXITED of the same file; every other end is by a signal. */
const exited = 1;

/** Where si_pid, si_uid and si_status begin on 64-bit machines, after a gap of four bytes. */
const union = 16;

/** Who ended, and how; undefined when waitid found nobody (si_pid is 0 then). */
export function exitOf(siginfo: Buffer): { readonly pid: number; readonly exit: ExitReport } | undefined {
  const pid = siginfo.readInt32LE(union);
  if (pid === 0) return undefined;
  const status = siginfo.readInt32LE(union + 8);
  if (siginfo.readInt32LE(8) === exited) return { pid, exit: { code: status, signal: undefined } };
  const name = Object.entries(constants.signals).find(([, number]) => number === status)?.[0];
  return { pid, exit: { code: undefined, signal: name ?? `signal ${status}` } };
}
