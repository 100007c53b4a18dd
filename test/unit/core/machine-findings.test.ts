import { expect, test } from 'vitest';
import { judge } from '../../../src/core/findings/judge.ts';
import {
  type Case,
  expectFinding,
  healthy,
  controlSocket,
  needless,
  program,
  programs,
  running,
} from './healthy-facts.ts';

/** What `portherd doctor` says of the kernel, what there is of everything, and the daemon: each branch. */
const cases: readonly Case[] = [
  ['an odd Node', { node: { version: '25.1.0', replacesItself: true } }, 'warning', 'Node', /^25\.1\.0: odd/, /24/],
  [
    'a Node without execve',
    { node: { version: '22.12.0', replacesItself: false } },
    'warning',
    'Node',
    /reload/,
    /22\.15/,
  ],
  ['Linux 4.5', { kernel: '4.5.7' }, 'failure', 'kernel', /cannot steer/, /4\.6/],
  ['Linux 4.19', { kernel: '4.19.0-26' }, 'warning', 'kernel', /pidfd_getfd/, /5\.6/],
  ['Linux 5.4', { kernel: '5.4.0' }, 'warning', 'kernel', /pidfd_getfd/, /5\.6/],
  ['Linux 5.6', { kernel: '5.6.0' }, 'ok', 'kernel', /^5\.6\.0$/],
  ['a kernel without a number', { kernel: 'custom' }, 'failure', 'kernel', /custom/, /Linux/],
  [
    'no FFI, needed',
    { ffiError: 'no access' },
    'failure',
    'koffi',
    /no access; `bind: slot` of web needs it/,
    /npm ci/,
  ],
  [
    'no FFI, not needed',
    { ffiError: 'no access', ...programs(program({ bind: 'worker' })), migrateReq: true },
    'warning',
    'koffi',
    /only `bind: worker` works/,
    /npm ci/,
  ],
  ['no FFI, no config', { ffiError: 'no access', ...needless }, 'warning', 'koffi', /only `bind: worker`/, /npm ci/],
  [
    'a cut backlog',
    { somaxconn: 128 },
    'warning',
    'somaxconn',
    /^128 cuts the backlog of 1024 \(web\)/,
    /somaxconn=4096/,
  ],
  [
    'a cut large backlog',
    programs(program({ listen: [{ port: 1, host: '::', backlog: 9_000, name: '1' }] })),
    'warning',
    'somaxconn',
    /9000/,
    /somaxconn=9000/,
  ],
  [
    'a small somaxconn without a config',
    { somaxconn: 128, ...needless },
    'warning',
    'somaxconn',
    /usual backlog/,
    /4096/,
  ],
  ['a somaxconn without a config', needless, 'ok', 'somaxconn', /backlog of 1024/],
  ['tcp_migrate_req on', { migrateReq: true }, 'ok', 'migrate_req', /^on/],
  ['tcp_migrate_req missing, not needed', { migrateReq: undefined }, 'ok', 'migrate_req', /5\.14/],
  [
    'tcp_migrate_req off, needed',
    programs(program({ bind: 'worker' })),
    'warning',
    'migrate_req',
    /^off: a planned restart of web/,
    /tcp_migrate_req=1/,
  ],
  [
    'tcp_migrate_req missing, needed',
    { ...programs(program({ bind: 'worker' })), migrateReq: undefined },
    'warning',
    'migrate_req',
    /not in this kernel/,
    /^Use `bind: slot`$/,
  ],
  ['too few open files', { openFilesMax: 200 }, 'failure', 'open files', /needs 220/, /LimitNOFILE/],
  ['few open files', { openFilesMax: 4_096 }, 'warning', 'open files', /fewer connections/, /LimitNOFILE/],
  ['open files without end', { openFilesMax: Infinity }, 'ok', 'open files', /as many as wanted/],
  ['more workers than CPUs', programs(program({ workers: 5 })), 'warning', 'CPUs', /^4, and more .*: web 5/, /auto/],
  ['a quota', { cpus: { usable: 4, allowed: 16 } }, 'ok', 'CPUs', /^4 \(16, cut by the quota/],
  ['CPUs without a config', needless, 'ok', 'CPUs', /^4$/],
  [
    'a dead daemon’s socket',
    { daemon: { is: 'dead', left: 0 }, ...controlSocket({}) },
    'ok',
    'daemon',
    /does not run; the next/,
  ],
  [
    'a dead daemon’s workers',
    { daemon: { is: 'dead', left: 2 } },
    'warning',
    'daemon',
    /does not run; workers .* serve on: 2/,
    /takes them over/,
  ],
  ['a daemon that refuses', { daemon: { is: 'unreachable', why: 'denied' } }, 'warning', 'daemon', /denied/, /root/],
  ['a running daemon', { daemon: running }, 'ok', 'daemon', /0\.1\.0 runs, pid 7/],
  ['a daemon that notifies', { daemon: running }, 'ok', 'service', /hears/],
  [
    'a daemon of Type=simple',
    { daemon: { ...running, service: 'silent' } },
    'warning',
    'service',
    /not listen/,
    /notify/,
  ],
  ['a daemon by hand', { daemon: { ...running, service: 'none' } }, 'ok', 'service', /by hand/],
  ['a daemon that hides', { daemon: { ...running, service: undefined } }, 'ok', 'service', /not shown/],
  ['no systemd', { systemd: { booted: false, version: undefined } }, 'ok', 'systemd', /does not run here/],
  ['systemd without a version', { systemd: { booted: true, version: undefined } }, 'ok', 'systemd', /does not say/],
  ['systemd 247', { systemd: { booted: true, version: 247 } }, 'warning', 'systemd', /^247/, /252/],
  ['systemd 252', { systemd: { booted: true, version: 252 } }, 'ok', 'systemd', /notify-reload needs 253/],
  ['systemd 253', { systemd: { booted: true, version: 253 } }, 'ok', 'systemd', /^253$/],
  ['no Yama', { ptraceScope: undefined }, 'ok', 'ptrace_scope', /no Yama/],
  ['Yama 1', { ptraceScope: 1 }, 'warning', 'ptrace_scope', /^1: outside systemd/, /ptrace_scope=0/],
  [
    'Yama 3',
    { ptraceScope: 3, capabilities: { bpf: true, ptrace: true } },
    'warning',
    'ptrace_scope',
    /^3/,
    /next boot/,
  ],
  ['Yama 1 for root', { ptraceScope: 1, capabilities: { bpf: true, ptrace: true } }, 'ok', 'ptrace_scope', /overrules/],
  ['CAP_BPF', { capabilities: { bpf: true, ptrace: false } }, 'ok', 'CAP_BPF', /^held/],
  ['no CAP_BPF', {}, 'ok', 'CAP_BPF', /^not held/],
];

test.for(cases)('%s', expectFinding);

test('on a healthy machine everything is ok, and each subject comes once', () => {
  const findings = judge(healthy);
  expect(findings.filter(({ is }) => is !== 'ok')).toEqual([]);
  expect(findings.map(({ subject }) => subject).join(', ')).toBe(
    'Node, kernel, koffi, somaxconn, migrate_req, open files, CPUs, daemon, systemd, ptrace_scope, CAP_BPF, run directory, ' +
      'log directory, log disk, config, port 8080',
  );
});
