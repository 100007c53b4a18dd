import { existsSync } from 'node:fs';
import { watchForLeaks } from './leaks.ts';
import { sweepMachineCgroups } from './machine-cgroup.ts';
import { runCommand } from './running-command.ts';

/** Debian's packages, and a file of each that tells whether it is there. */
const packages = {
  systemd: '/lib/systemd/systemd',
  'systemd-container': '/usr/bin/systemd-nspawn',
  iproute2: '/bin/ip',
  supervisor: '/usr/bin/supervisord',
} as const;

let leaks: ReturnType<typeof watchForLeaks> | undefined;

/** Around the whole system suite, in vitest's own process: installs what it needs. What cannot be had, tests skip (refusals). */
export async function setup(): Promise<void> {
  await install();
  sweepMachineCgroups();
  leaks = watchForLeaks();
}

/** Nothing may outlive the tests: what does fails the run. */
export async function teardown(): Promise<void> {
  sweepMachineCgroups();
  await leaks?.end();
}

async function install(): Promise<void> {
  const missing = Object.entries(packages).flatMap(([name, file]) => (existsSync(file) ? [] : [name]));
  if (missing.length === 0 || process.getuid?.() !== 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', ...missing]]) {
    const ran = await runCommand('apt-get', ['--quiet', ...args], { env, limitMs: 300_000 }).catch(String);
    if (typeof ran !== 'string' && ran.exitCode === 0) {
      if (args[0] === 'install' && missing.includes('supervisor')) await quiet('supervisor');
      continue;
    }
    const why = typeof ran === 'string' ? ran : ran.stderr.trim();
    console.warn(`${missing.join(', ')} could not be installed, tests that need it are skipped: ${why}`);
    return;
  }
}

/** The package starts a service of its own, now and at each boot of a test's machine; the tests want its programs only. */
async function quiet(service: string): Promise<void> {
  const commands = [['disable', service], ...(existsSync('/run/systemd/system') ? [['stop', service]] : [])];
  for (const args of commands) {
    const { exitCode, stderr } = await runCommand('systemctl', args);
    if (exitCode !== 0) console.warn(`systemctl ${args.join(' ')}: ${stderr.trim()}`);
  }
}
