/**
 * The first check of every executable, before anything that an old Node cannot parse or link. So this file imports nothing
 * and is written for any Node that knows ES modules.
 */

/**
 * One line for stderr when Node `version` (`20.19.1`) cannot run `tool`, which then exits with 2; undefined when it can.
 * net.Server.listen() takes `reusePort` since 22.12 and 23.1 (its page in Node's documentation).
 */
export function nodeTooOld(tool: string, version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)) return undefined;
  return `${tool} needs Node 22.12 or newer, this is ${version}: older ones silently ignore reusePort`;
}
