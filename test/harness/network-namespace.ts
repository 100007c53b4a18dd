import { join } from 'node:path';
import { type CommandResult, runCommand } from './running-command.ts';

/** A network of its own, with nothing but loopback, in which a scenario runs under other settings of the kernel. */
export interface NamespaceOptions {
  /** For example `{ 'net.core.somaxconn': '128' }`; they are the namespace's own, the machine's stay as they are. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** A file of test/harness that prints what it found as JSON on stdout. */
  readonly script: string;
  readonly args?: readonly string[];
}

/** Why this process may not make one; undefined when it may. */
export async function namespaceMissing(): Promise<string | undefined> {
  const tried = await runCommand('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up']).catch(String);
  if (typeof tried === 'string') return `no network namespace: ${tried}`;
  return tried.exitCode === 0 ? undefined : `no network namespace (it needs root): ${tried.stderr.trim()}`;
}

/** Throws with the script's stderr when it fails. */
export async function inNamespace({ sysctls, script, args = [] }: NamespaceOptions): Promise<CommandResult> {
  const settings = Object.entries(sysctls).map(([name, value]) => `sysctl -qw ${name}=${value}`);
  const prepare = ['ip link set lo up', ...settings, 'exec "$@"'].join(' && ');
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, script), ...args];
  const ran = await runCommand('unshare', ['--net', 'sh', '-c', prepare, 'sh', ...node], { limitMs: 100_000 });
  if (ran.exitCode !== 0) throw new Error(`${script} failed with ${ran.exitCode}\n${ran.stdout}\n${ran.stderr}`);
  return ran;
}
