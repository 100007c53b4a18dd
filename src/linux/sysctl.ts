import { readFileSync } from 'node:fs';

/** A number of /proc/sys (proc_sys(5)), `net.core.somaxconn` say; undefined where the kernel has no such setting. */
export function readSysctl(name: string): number | undefined {
  try {
    return Number(readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'latin1'));
  } catch {
    return undefined; // ENOENT: another kernel, or Yama is not built in
  }
}
