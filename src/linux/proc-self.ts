/** What processes may do, from the text of files in /proc. Pure. */

/** A hard limit in /proc/PID/limits (proc_pid_limits(5)) by its title there; undefined when there is no such line. */
export function hardLimit(limits: string, title: string): number | undefined {
  const line = limits.split('\n').find((one) => one.startsWith(`${title} `));
  const [, hard] = line?.slice(title.length).trim().split(/\s+/) ?? [];
  return hard === 'unlimited' ? Infinity : hard === undefined ? undefined : Number(hard);
}

/** include/uapi/linux/capability.h */
export const capability = { sysPtrace: 19, sysAdmin: 21, sysNice: 23, sysResource: 24, bpf: 39 } as const;

/** CapEff in /proc/PID/status (proc_pid_status(5)), a bit for each capability. */
export function effectiveCapabilities(status: string): (number: number) => boolean {
  const bits = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  return (number) => ((bits >> BigInt(number)) & 1n) === 1n;
}

/** `NAME=value` of /proc/PID/environ (proc_pid_environ(5)): what the process was started with. */
export function environmentOf(environ: string): ReadonlyMap<string, string> {
  return new Map(
    environ.split('\0').flatMap((line) => {
      const at = line.indexOf('=');
      return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
    }),
  );
}
