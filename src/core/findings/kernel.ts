import { failed, type Finding, okay, warning } from '../../shared/finding.ts';
import type { Facts, ProgramFacts } from './facts.ts';
import { programsOf } from './programs.ts';

/** What the kernel and Node are able to do. */
export function kernelFindings(facts: Facts): readonly Finding[] {
  return [node(facts), kernel(facts), ffi(facts), backlog(facts), migration(facts)];
}

function node({ node: { version, replacesItself } }: Facts): Finding {
  const subject = 'Node';
  if (Number.parseInt(version, 10) % 2 === 1) {
    return warning(subject, `${version}: odd releases of Node end within months`, 'Use Node 22, 24 or 26.');
  }
  if (!replacesItself) {
    const text = `${version} has no process.execve: \`portherdctl reload\` cannot upgrade the daemon in place`;
    return warning(subject, text, 'Use Node 24, or 22.15 at least.');
  }
  return okay(subject, version);
}

/** SO_ATTACH_REUSEPORT_CBPF takes TCP since 4.6 (socket(7)); pidfd_getfd(2) is of 5.6. */
function kernel({ kernel: release }: Facts): Finding {
  const subject = 'kernel';
  if (isBefore(release, 4, 6)) {
    return failed(
      subject,
      `${release} cannot steer connections between sockets`,
      'portherd needs Linux 4.6, or better 5.6.',
    );
  }
  if (isBefore(release, 5, 6)) {
    const text = `${release} has no pidfd_getfd: outside systemd a restarted daemon cannot take over open sockets`;
    return warning(subject, text, 'Use Linux 5.6 or newer, or run portherd as a systemd service.');
  }
  return okay(subject, release);
}

function ffi({ ffiError, config }: Facts): Finding {
  const subject = 'koffi';
  if (ffiError === undefined) return okay(subject, 'loads: sockets, steering and systemd are within reach');
  const cure = 'Install portherd on this machine, for its C library and CPU (npm ci), or use `bind: worker`.';
  const needs = programsOf(config).filter(({ bind }) => bind === 'slot');
  if (needs.length === 0) return warning(subject, `${ffiError}; only \`bind: worker\` works so`, cure);
  return failed(subject, `${ffiError}; \`bind: slot\` of ${names(needs)} needs it`, cure);
}

/** The default of `backlog`, for a machine without a config. */
const usualBacklog = 1_024;

function backlog({ somaxconn, config }: Facts): Finding {
  const subject = 'somaxconn';
  const programs = programsOf(config);
  const wanted = Math.max(
    ...(programs.length === 0 ? [usualBacklog] : [0]),
    ...programs.flatMap(({ listen }) => listen.map((one) => one.backlog)),
  );
  if (somaxconn >= wanted) return okay(subject, `${somaxconn}, for a backlog of ${wanted}`);
  const cut = programs.filter(({ listen }) => listen.some((one) => one.backlog > somaxconn));
  const whose = cut.length === 0 ? `the usual backlog of ${wanted}` : `the backlog of ${wanted} (${names(cut)})`;
  return warning(
    subject,
    `${somaxconn} cuts ${whose}: more connections than that are dropped while a worker is replaced`,
    setting('net.core.somaxconn', Math.max(wanted, 4_096)),
  );
}

function migration({ migrateReq, config }: Facts): Finding {
  const subject = 'migrate_req';
  const needs = programsOf(config).filter(({ bind }) => bind === 'worker');
  if (migrateReq === true) return okay(subject, 'on: a closing listener hands its queue on');
  const state = migrateReq === undefined ? 'not in this kernel (5.14 has it)' : 'off';
  if (needs.length === 0) return okay(subject, `${state}; only \`bind: worker\` would need it`);
  return warning(
    subject,
    `${state}: a planned restart of ${names(needs)} (\`bind: worker\`) resets what waits in the queue`,
    `Use \`bind: slot\`${migrateReq === undefined ? '' : `, or: ${setting('net.ipv4.tcp_migrate_req', 1)}`}`,
  );
}

function isBefore(release: string, major: number, minor: number): boolean {
  const [, itsMajor = '0', itsMinor = '0'] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return Number(itsMajor) < major || (Number(itsMajor) === major && Number(itsMinor) < minor);
}

function setting(name: string, value: number): string {
  return `sysctl -w ${name}=${value}, and for the next boot a line in /etc/sysctl.d (see systemd/README.md).`;
}

function names(programs: readonly ProgramFacts[]): string {
  return programs.map(({ name }) => name).join(', ');
}
