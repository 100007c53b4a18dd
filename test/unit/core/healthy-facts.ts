import { expect } from 'vitest';
import type { DirectoryFacts, Facts, LogDirFacts, PortFacts, ProgramFacts } from '../../../src/core/findings/facts.ts';
import { judge } from '../../../src/core/findings/judge.ts';
import type { Finding } from '../../../src/shared/finding.ts';

/** A healthy machine as `portherd doctor` sees it, and ways to make it worse in one thing. */
export const healthy: Facts = {
  node: { version: '24.21.0', replacesItself: true },
  kernel: '6.1.0-18-amd64',
  ffiError: undefined,
  somaxconn: 4_096,
  migrateReq: false,
  openFilesMax: 524_288,
  cpus: { usable: 4, allowed: 4 },
  ptraceScope: 0,
  capabilities: { bpf: false, ptrace: false },
  systemd: { booted: true, version: 254 },
  uid: 1000,
  config: { is: 'good', path: '/etc/portherd.yaml', programs: [program({})] },
  daemon: { is: 'absent' },
  runDir: {
    is: 'there',
    path: '/run/user/1000/portherd',
    kind: 'directory',
    freeBytes: 2 ** 30,
    uid: 1000,
    mode: 0o700,
  },
  controlSocket: { is: 'missing', path: '/run/user/1000/portherd/control.sock' },
  logDir: { path: '/var/log/portherd', writable: true, hangs: false, disk: disk({}), why: '' },
  ports: [port({})],
};
export const running = { is: 'running', pid: 7, version: '0.1.0', uid: 1000, service: 'notify' } as const;

export function program(over: Partial<ProgramFacts>): ProgramFacts {
  const listen = [{ port: 8080, host: '::', backlog: 1_024, name: '8080' }];
  return { name: 'web', bind: 'slot', workers: 4, listen, ...over };
}

export function disk(over: Partial<NonNullable<LogDirFacts['disk']>>): NonNullable<LogDirFacts['disk']> {
  return { kind: 'ext4', collapses: true, freeBytes: 10 * 2 ** 30, ...over };
}

export function port(over: Partial<PortFacts>): PortFacts {
  return { program: 'web', host: '::', port: 8080, ours: 0, left: 0, others: undefined, refusal: undefined, ...over };
}

export function programs(...its: readonly ProgramFacts[]): Partial<Facts> {
  return { config: { is: 'good', path: '/etc/portherd.yaml', programs: its } };
}

export function logDir(over: Partial<LogDirFacts>): Partial<Facts> {
  return { logDir: { ...healthy.logDir, ...over } };
}

export function runDir(over: Partial<Extract<DirectoryFacts, { is: 'there' }>>): Partial<Facts> {
  const its = { kind: 'directory', freeBytes: 2 ** 30, uid: 1000, mode: 0o700 } as const;
  return { runDir: { is: 'there', path: '/run/p', ...its, ...over } };
}

export function controlSocket(over: { socket?: boolean; mode?: number }): Partial<Facts> {
  return { controlSocket: { is: 'there', path: '/run/p/c.sock', socket: true, uid: 1000, mode: 0o600, ...over } };
}

export type Case = readonly [
  name: string,
  over: Partial<Facts>,
  is: Finding['is'],
  subject: string,
  text: RegExp,
  cure?: RegExp,
];

export const needless = { config: { is: 'absent' }, ports: [] } as const;

/** The subject says it once, and with its cure; nothing else is the matter. */
export function expectFinding([, over, is, subject, text, cure]: Case): void {
  const findings = judge({ ...healthy, ...over });
  const its = findings.filter((finding) => finding.subject === subject);
  expect(its).toHaveLength(1);
  expect(its[0]).toMatchObject({ is, text: expect.stringMatching(text) });
  if (cure === undefined) expect(its[0]).not.toHaveProperty('cure');
  else expect(its[0]?.cure).toMatch(cure);
  const about = over.daemon?.is === 'unreachable' ? [subject, 'daemon'] : [subject];
  expect(findings.filter((finding) => !about.includes(finding.subject) && finding.is !== 'ok')).toEqual([]);
}
