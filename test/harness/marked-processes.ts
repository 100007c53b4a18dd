import { readdirSync, readFileSync } from 'node:fs';

/** Live processes that were started with NAME=VALUE in their environment, zombies left out: what a test has left behind. */
export function markedProcesses(name: string, value: string): { readonly pid: number; readonly command: string }[] {
  const mark = `${name}=${value}`;
  const found = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const environ = read(`/proc/${pid}/environ`);
    if (environ === undefined || !environ.split('\0').includes(mark)) continue;
    found.push({ pid, command: read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim() ?? '' });
  }
  return found;
}

/** undefined for a process that has gone meanwhile, is a zombie, or is another user's. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
