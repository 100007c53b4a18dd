import { type Finding, okay, warning } from '../../shared/finding.ts';
import type { Facts } from './facts.ts';

/** What outlives the daemon, and who looks after it. */
export function serviceFindings(facts: Facts): readonly Finding[] {
  return [...daemon(facts), systemd(facts), ptrace(facts), bpf(facts)];
}

function daemon({ daemon: its }: Facts): readonly Finding[] {
  const subject = 'daemon';
  switch (its.is) {
    case 'absent':
      return [okay(subject, 'does not run')];
    case 'dead':
      if (its.left === 0) return [okay(subject, 'does not run; the next one clears the socket of the last away')];
      return [
        warning(subject, `does not run; workers that it left serve on: ${its.left}`, 'Start it: it takes them over.'),
      ];
    case 'unreachable':
      return [warning(subject, its.why, 'Ask as the user who runs it, or as root; if it hangs, its log says more.')];
    case 'running':
      return [okay(subject, `portherd ${its.version} runs, pid ${its.pid}`), ...service(its.service)];
  }
}

function service(its: 'notify' | 'silent' | 'none' | undefined): readonly Finding[] {
  const subject = 'service';
  switch (its) {
    case 'notify':
      return [okay(subject, 'systemd runs the daemon, and hears from it')];
    case 'silent': {
      const text = 'systemd runs the daemon and does not listen to it: no readiness, no watchdog, no kept sockets';
      return [warning(subject, text, 'Type=notify in the unit; `portherd unit` prints a whole one.')];
    }
    case 'none':
      return [okay(subject, 'the daemon was started by hand: nobody starts it again')];
    case undefined:
      return [okay(subject, 'whether systemd runs the daemon is not shown to this user')];
  }
}

/** The units are tested with 252 and newer. */
function systemd({ systemd: { booted, version } }: Facts): Finding {
  const subject = 'systemd';
  if (!booted) return okay(subject, 'does not run here');
  if (version === undefined) return okay(subject, 'runs here; it does not say which version it is');
  if (version < 252) {
    const text = `${version} is older than what portherd’s units are tested with`;
    return warning(subject, text, 'Use systemd 252 or newer.');
  }
  return okay(subject, version < 253 ? `${version}; Type=notify-reload needs 253` : String(version));
}

/** pidfd_getfd(2) needs what ptrace(2) needs; scopes of Yama: Documentation/admin-guide/LSM/Yama.rst. */
function ptrace({ ptraceScope, capabilities }: Facts): Finding {
  const subject = 'ptrace_scope';
  const scope = ptraceScope ?? 0;
  if (scope === 0) return okay(subject, ptraceScope === undefined ? 'no Yama here' : '0');
  if (scope < 3 && capabilities.ptrace) return okay(subject, `${scope}, which CAP_SYS_PTRACE overrules`);
  return warning(
    subject,
    `${scope}: outside systemd, a daemon that was killed leaves sockets that the next one may not take over`,
    scope === 3
      ? 'It holds until the next boot; run portherd as a systemd service, which keeps the sockets.'
      : 'Run portherd as a systemd service, which keeps the sockets, or: sysctl -w kernel.yama.ptrace_scope=0',
  );
}

function bpf({ capabilities }: Facts): Finding {
  const without = 'not held; steering uses classic BPF, which needs none';
  return okay('CAP_BPF', capabilities.bpf ? 'held' : without);
}
