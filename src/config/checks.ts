import { formatDuration } from '../shared/duration.ts';
import { listensToEvents } from './events-schema.ts';
import type { Path, Problem } from './problems.ts';
import { checkHooks } from './hook-checks.ts';
import { checkHttp } from './http-checks.ts';
import type { Config, ListenConfig, ProgramConfig } from './schema.ts';

/** What no single option can know: rules between options, and between programs. */
export function checkConfig(config: Config): Problem[] {
  const none: Problem = { path: ['programs'], at: 'key', text: 'no program; write at least one' };
  return [
    ...(config.programs.length === 0 ? [none] : []),
    ...checkSocketPath(config.supervisor.controlSocket.path),
    ...checkHttp(config.supervisor.http),
    ...checkHooks(config),
    ...config.programs.flatMap((program) => checkProgram(program, ['programs', program.name])),
    ...checkPortsBetween(config.programs),
  ];
}

/** sockaddr_un.sun_path is 108 bytes, the last one NUL (unix(7)). */
const socketPathBytesMax = 107;

function checkSocketPath(path: string | undefined): Problem[] {
  const bytes = path === undefined ? 0 : new TextEncoder().encode(path).length;
  if (bytes <= socketPathBytesMax) return [];
  const text = `${path} has ${bytes} bytes; a Unix socket’s path has at most ${socketPathBytesMax}`;
  return [{ path: ['supervisor', 'controlSocket', 'path'], at: 'value', text }];
}

function checkProgram(program: ProgramConfig, at: Path): Problem[] {
  const problems: Problem[] = [...checkName(program.name, at)];
  const wrong = (key: Path, text: string): void => {
    problems.push({ path: [...at, ...key], at: 'value', text });
  };
  const { roll, backoff, readiness, listen, stop, logs } = program;
  if (roll.maxSurge === 0 && roll.maxUnavailable === 0) {
    wrong(
      ['roll', 'maxSurge'],
      '0 needs maxUnavailable of at least 1, or no worker can be replaced; write one of them as 1',
    );
  }
  if (backoff.initial > backoff.max) {
    const most = formatDuration(backoff.max);
    wrong(
      ['backoff', 'initial'],
      `${formatDuration(backoff.initial)} is longer than max (${most}); write ${most} or less`,
    );
  }
  if (stop.group && !stop.killGroup) {
    wrong(['stop', 'killGroup'], 'false contradicts group: true, by which all get the signal; leave one of them out');
  }
  if (readiness.type === 'http' && listen.length === 0) {
    wrong(['readiness', 'type'], 'http needs a port to ask; write one under listen');
  }
  const blind = dealtBlindly(program);
  if (program.balance.shed.automatic && blind !== undefined) {
    wrong(
      ['balance', 'shed', 'automatic'],
      `true would have connections leave for ever: with ${blind} they do not come back where there is room; write false`,
    );
  }
  logs.events.forEach((stream, index) => {
    if (['none', 'inherit', 'stdout'].includes(logs[stream]))
      wrong(
        ['logs', 'events', index],
        `${stream} has no file of its own to read; write auto or a path under logs.${stream}`,
      );
  });
  if (listensToEvents(program)) for (const [key, text] of againstListening(program)) wrong(key, text);
  listen.forEach((one, index) => {
    const earlier = listen.slice(0, index);
    const port = earlier.some((other) => other.port === one.port);
    if (port) wrong(['listen', index, 'port'], `${one.port} is listed twice; keep one (host :: takes IPv4 and IPv6)`);
    // A doubled port has a doubled name too, unless it was given.
    else if (earlier.some((other) => other.name === one.name)) {
      wrong(['listen', index, 'name'], `"${one.name}" is the name of two ports; give each its own`);
    }
  });
  return problems;
}

/** What keeps new connections from the workers that have few. */
function dealtBlindly({ balance: { policy }, steering, bind }: ProgramConfig): string | undefined {
  if (steering === 'off') return 'steering: off';
  if (bind === 'worker') return 'bind: worker';
  return policy === 'cpu' || policy === 'hash' ? `policy: ${policy}` : undefined;
}

function againstListening({ listen, logs }: ProgramConfig): (readonly [Path, string])[] {
  const why = 'an event listener speaks with portherd over its standard output';
  return [
    ...(listen.length === 0 ? [] : [[['listen'], `${why} and serves no port; remove listen, or events`] as const]),
    ...(logs.stderr === 'stdout' ? [[['logs', 'stderr'], `${why}; write auto, none, inherit or a path`] as const] : []),
  ];
}

/** The name is part of file names, of `program:slot`, and of command lines where `all` means every program. */
function checkName(name: string, path: Path): Problem[] {
  if (name === 'all')
    return [{ path, at: 'key', text: '"all" means every program to portherdctl; choose another name' }];
  if (/^[a-z\d][\w.-]{0,63}$/i.test(name)) return [];
  const text = 'not a name for a program; write 1 to 64 letters, digits, dots, _ or -, the first a letter or digit';
  return [{ path, at: 'key', text }];
}

function checkPortsBetween(programs: readonly ProgramConfig[]): Problem[] {
  const all = programs.flatMap((program) => program.listen.map((listen, index) => ({ program, listen, index })));
  return all.flatMap(({ program, listen, index }, at): Problem[] => {
    const other = all.slice(0, at).find((one) => one.program !== program && overlap(one.listen, listen));
    if (other === undefined) return [];
    const text = `${listen.port} on ${listen.host} is already taken by program ${other.program.name}; choose another port`;
    return [{ path: ['programs', program.name, 'listen', index, 'port'], at: 'value', text }];
  });
}

/** Whether one socket would take the other's connections: equal addresses, or a wildcard that covers the other. */
function overlap(a: ListenConfig, b: ListenConfig): boolean {
  if (a.port !== b.port) return false;
  return a.host === b.host || covers(a.host, b.host) || covers(b.host, a.host);
}

function covers(wildcard: string, host: string): boolean {
  return wildcard === '::' || (wildcard === '0.0.0.0' && !host.includes(':'));
}
