import { failed, type Finding, okay, warning } from '../../shared/finding.ts';
import type { Facts, PortFacts } from './facts.ts';
import { askItsUser } from './unseen.ts';

/** Whether each port of the config is free, or ours alone. */
export function portFindings({ ports, config, daemon }: Facts): readonly Finding[] {
  return [...configFinding(config), ...ports.map((port) => judge(port, daemon.is))];
}

function configFinding(config: Facts['config']): readonly Finding[] {
  switch (config.is) {
    case 'absent':
      return [];
    case 'wrong':
      return [failed('config', config.message, config.advice)];
    case 'good': {
      const count = config.programs.length;
      return [okay('config', `${config.path}: good, ${count} program${count === 1 ? '' : 's'}`)];
    }
  }
}

function judge(
  { program, host, port, ours, left, others, refusal }: PortFacts,
  daemon: Facts['daemon']['is'],
): Finding {
  const subject = `port ${port}`;
  const whose = `${program}, ${host}`;
  if (others !== undefined && ours > 0) {
    return warning(
      subject,
      `${whose}: beside the daemon ${others} listens there, and may take its connections`,
      'Stop it, or give one of the two another port.',
    );
  }
  if (others !== undefined) {
    if (daemon === 'unreachable') return warning(subject, `${whose}: held by ${others}, maybe the daemon`, askItsUser);
    return failed(subject, `${whose}: held by ${others}`, 'Stop it, or give the program another port.');
  }
  if (ours > 0) return okay(subject, `${whose}: the daemon’s, ${ours} listener${ours === 1 ? '' : 's'}`);
  if (left > 0) {
    return okay(
      subject,
      `${whose}: held by ${left} worker${left === 1 ? '' : 's'} of a daemon that died; the next one takes over`,
    );
  }
  if (refusal !== undefined) return failed(subject, `${whose}: ${refusal.message}`, refusal.advice);
  return okay(subject, `${whose}: free${daemon === 'running' ? '; the daemon does not serve it' : ''}`);
}
