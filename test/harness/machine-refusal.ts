import { runCommand } from './running-command.ts';

const overlay =
  'mount -t tmpfs tmpfs /run && mkdir /run/u /run/w /run/r && mount -t overlay -o lowerdir=/,upperdir=/run/u,workdir=/run/w o /run/r';

/** Why no systemd can be booted here (systemd-machine.ts), or undefined. What systemd itself refuses fails the tests. */
export async function machineRefusal(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'needs root';
  for (const command of [
    ['systemd-nspawn', '--version'],
    ['nsenter', '--version'],
    ['setpriv', '--version'],
    ['ss', '--version'],
    ['unshare', '--mount', '--pid', '--fork', '--net', 'sh', '-c', overlay],
  ]) {
    const [name = '', ...args] = command;
    const ran = await runCommand(name, args, { limitMs: 60_000 }).catch(String);
    if (typeof ran === 'string') return `needs ${name}: ${ran}`;
    if (ran.exitCode !== 0) return `needs ${command.join(' ')}: ${ran.stderr.trim()}`;
  }
  return undefined;
}
