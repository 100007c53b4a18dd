import { readFileSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';
import type { DaemonFacts, Facts } from '../core/findings/facts.ts';
import { availableCores } from './cores.ts';
import { loadLibc } from './libc.ts';
import { capability, effectiveCapabilities, environmentOf, hardLimit } from './proc-self.ts';
import { readSysctl } from './sysctl.ts';
import { systemdFacts } from './systemd-version.ts';

/** What does not depend on a config or a daemon. */
type MachineFacts = Omit<Facts, 'config' | 'daemon' | 'runDir' | 'controlSocket' | 'logDir' | 'ports'>;

export async function machineFacts(): Promise<MachineFacts> {
  const libc = loadLibc();
  const migrateReq = readSysctl('net.ipv4.tcp_migrate_req');
  const has = effectiveCapabilities(readFileSync('/proc/self/status', 'latin1'));
  return {
    node: { version: process.versions.node, replacesItself: typeof Reflect.get(process, 'execve') === 'function' },
    kernel: release(),
    ffiError: libc.ok ? undefined : libc.error.message,
    // 4096 since Linux 5.4; a network namespace of an older kernel may not show it (net/core/sysctl_net_core.c).
    somaxconn: readSysctl('net.core.somaxconn') ?? 4_096,
    migrateReq: migrateReq === undefined ? undefined : migrateReq === 1,
    openFilesMax: hardLimit(readFileSync('/proc/self/limits', 'latin1'), 'Max open files') ?? Infinity,
    cpus: { usable: availableCores(), allowed: availableParallelism() },
    ptraceScope: readSysctl('kernel.yama.ptrace_scope'),
    capabilities: { bpf: has(capability.bpf) || has(capability.sysAdmin), ptrace: has(capability.sysPtrace) },
    systemd: await systemdFacts(),
    uid: process.geteuid?.() ?? 0,
  };
}

/** The environment that a process was started with; undefined when it is another user's, or gone. */
export function startEnvironment(pid: number): ReadonlyMap<string, string> | undefined {
  try {
    return environmentOf(readFileSync(`/proc/${pid}/environ`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** SYSTEMD_EXEC_PID names the process that systemd started itself (systemd.exec(5)); only what it listens to has NOTIFY_SOCKET. */
export function serviceOf(
  pid: number,
  env: ReadonlyMap<string, string> | undefined,
): Extract<DaemonFacts, { is: 'running' }>['service'] {
  if (env === undefined) return undefined;
  if (env.has('NOTIFY_SOCKET')) return 'notify';
  return env.get('SYSTEMD_EXEC_PID') === String(pid) ? 'silent' : 'none';
}
