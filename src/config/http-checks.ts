import type { Problem } from './problems.ts';
import type { SupervisorConfig } from './schema.ts';

/** Rules between the options of `supervisor.http`: nobody gets in over the network without a password or a token. */
export function checkHttp({ port, host, username, passwordFile, tokenFile }: SupervisorConfig['http']): Problem[] {
  if (port === undefined) return [];
  const problems: Problem[] = [];
  if ((username === undefined) !== (passwordFile === undefined)) {
    const [there, missing] = username === undefined ? ['passwordFile', 'username'] : ['username', 'passwordFile'];
    problems.push(wrong(there, `Basic authentication needs both; write ${missing} too`));
  }
  const open = passwordFile === undefined && tokenFile === undefined;
  if (open && !isLoopback(host)) {
    problems.push(
      wrong('host', `others than this machine reach ${host}; write username and passwordFile, or tokenFile`),
    );
  }
  return problems;
}

export function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.');
}

function wrong(key: string, text: string): Problem {
  return { path: ['supervisor', 'http', key], at: 'value', text };
}
