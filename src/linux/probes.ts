import { setTimeout as sleep } from 'node:timers/promises';
import type { ProgramConfig } from '../config/schema.ts';
import { formatDuration } from '../shared/duration.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { ProbeRequest, Probes } from '../supervisor/ports.ts';
import { ownersOf } from './holders.ts';
import type { ProgramPorts } from './listeners.ts';
import { type ProbeConnection, retire } from './probe-connection.ts';
import { groupMembers, startTicksOf } from './procfs.ts';
import type { Attempt, SteeredConnections, Target } from './steered-connection.ts';
import { describeEndpoint } from './tcp-row.ts';

/**
 * Not by `import`: an ES module facade of node:http reads its lazy `WebSocket` too, which loads undici (14 MB resident,
 * measured on 24.21).
 */
const { request: httpRequest } = process.getBuiltinModule('node:http');

/** What of a request matters here. */
export type ProbeOrder = Omit<ProbeRequest, 'program'> & {
  readonly program: ProgramPorts & { readonly readiness: Pick<ProgramConfig['readiness'], 'path'> };
};

export interface SlotProbes extends Probes {
  probe(order: ProbeOrder): Promise<Result<undefined, string>>;
}

/**
 * Proves that one process serves, through the port that all share: a rule of the steering program sends one connection to the
 * process's slot, and the kernel's list says who accepted it. Old and new worker of a slot accept on the same socket, and
 * with `bind: worker` (or when steering is refused) the hash chooses: so it tries until the right process has taken one.
 *
 * Plain HTTP/1.1, on the program's first port only. Bad answers are asked for again until the time is up.
 */
export function createProbes(connections: SteeredConnections): SlotProbes {
  return {
    async probe(request) {
      const until = performance.now() + request.timeoutMs;
      const targets = connections.targets(request.program, request.slot);
      if (targets.length < request.program.listen.length) return err('the slot has no open socket');
      if (request.want === 'http' && targets[0] === undefined) return err('the program declares no port');
      for (const target of request.want === 'http' ? targets.slice(0, 1) : targets) {
        const proved = await prove(target, request, until);
        if (!proved.ok) return proved;
      }
      return ok();
    },
  };

  async function prove(target: Target, request: ProbeOrder, until: number): Promise<Result<undefined, string>> {
    let doubt = '';
    do {
      if (startTicksOf(request.process.pid) !== request.process.startTicks) return err('the worker is gone');
      const attempt = await attemptOnce(target, request, until);
      if (attempt.ok) return attempt;
      // What another process took, and what the deadline cut short, tells less than what came before.
      const tellsMore = isAboutIt(attempt.error) || (attempt.error === doubts.elsewhere && !isAboutIt(doubt));
      const toldNothing = doubt === '' || doubt === doubts.noPort;
      if (toldNothing || (tellsMore && performance.now() < until)) doubt = attempt.error;
      await sleep(Math.max(0, Math.min(isAboutIt(attempt.error) ? 100 : 5, until - performance.now())));
    } while (performance.now() < until);
    return err(`${doubt} (${describeEndpoint(target.server)}, within ${formatDuration(request.timeoutMs)})`);
  }

  async function attemptOnce(target: Target, request: ProbeOrder, until: number): Promise<Result<undefined, string>> {
    const { program, slot, process, want } = request;
    const attempt = await connections.attempt(target, { program: program.name, slot, process }, until);
    if (attempt.is === 'over' && want === 'accept' && isAlone(target, request)) return ok();
    if (attempt.is !== 'taken') return err(doubtOf(attempt));
    try {
      return want === 'accept' ? ok() : await get(attempt.connection, program.readiness.path, until);
    } finally {
      retire(attempt.connection);
    }
  }
}

const doubts: Readonly<Record<Exclude<Attempt['is'], 'taken' | 'failed'>, string>> = {
  elsewhere: 'another process accepted every connection',
  over: 'the connection was closed at once',
  waiting: 'nobody accepted',
  noPort: 'every source port is taken',
};

function doubtOf(attempt: Exclude<Attempt, { is: 'taken' }>): string {
  if (attempt.is !== 'failed') return doubts[attempt.is];
  return attempt.why === 'ECONNREFUSED' ? 'nobody listens' : attempt.why;
}

/** Otherwise the right process, or another source port, is tried for again at once; a server that answers badly gets time to recover. */
function isAboutIt(doubt: string): boolean {
  return doubt !== doubts.elsewhere && doubt !== doubts.noPort;
}

/**
 * A server that greets and hangs up has closed the connection before we can see whose it was. Then it is this process's when
 * nobody else but we can accept on the slot's socket.
 */
function isAlone({ inode }: Target, { process }: ProbeOrder): boolean {
  if (inode === undefined) return false;
  const group = new Set(groupMembers(process.pid).map(({ pid }) => pid));
  const pids = (ownersOf(new Set([inode])).get(inode) ?? []).filter((pid) => pid !== globalThis.process.pid);
  return pids.length > 0 && pids.every((pid) => group.has(pid));
}

async function get(
  { socket, server }: ProbeConnection,
  path: string,
  until: number,
): Promise<Result<undefined, string>> {
  const { promise, resolve } = Promise.withResolvers<Result<undefined, string>>();
  const sent = httpRequest({
    createConnection: () => socket,
    path,
    headers: { host: describeEndpoint(server), connection: 'close', 'user-agent': 'portherd' },
  });
  const timer = setTimeout(() => resolve(err(`GET ${path} was not answered`)), Math.max(1, until - performance.now()));
  sent.once('response', (response) => {
    const status = response.statusCode ?? 0;
    response.resume();
    resolve(status >= 200 && status < 400 ? ok() : err(`GET ${path} answered ${status}`));
  });
  sent.on('error', (error) => resolve(err(`GET ${path}: ${error.message}`)));
  sent.end();
  const answer = await promise;
  clearTimeout(timer);
  return answer;
}
