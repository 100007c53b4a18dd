import type { PortFacts } from '../core/findings/facts.ts';
import { channelEnv } from '../protocol/channel.ts';
import { errorCodes } from '../shared/errors.ts';
import { loadLibc } from './libc.ts';
import { checkPortFree } from './port-free.ts';
import { describeHolders, type Holder, holdersOf } from './port-holder.ts';
import { startEnvironment } from './machine-facts.ts';
import { statOf } from './procfs.ts';
import { isSamePath } from './survivors.ts';
import { createTcpTable } from './tcp-table.ts';

/** A daemon and the processes that it says are its workers. */
export interface Family {
  readonly daemon: number | undefined;
  readonly workers: ReadonlySet<number>;
  /** Where workers of this run directory report to, as their environment says. */
  readonly channelSocket: string;
}

/** Who listens on each of these. Binds a port for an instant where nobody does, and leaves it alone where somebody does. */
export function portFacts(
  places: readonly Pick<PortFacts, 'program' | 'host' | 'port'>[],
  family: Family,
): readonly PortFacts[] {
  const libc = loadLibc();
  const table = createTcpTable(loadLibc);
  return places.map(({ program, host, port }) => {
    const holders = holdersOf(table, host, port, new Set());
    const ours = holders.filter((holder) => isOf(family, holder));
    const left = holders.filter((holder) => !ours.includes(holder) && isLeft(family, holder));
    const others = holders.filter((holder) => !ours.includes(holder) && !left.includes(holder));
    const free = holders.length === 0 ? checkPortFree(libc.ok ? libc.value : undefined, table, host, port) : undefined;
    return {
      program,
      host,
      port,
      ours: ours.length,
      left: left.length,
      others: others.length === 0 ? undefined : describeHolders(others),
      refusal:
        free?.ok === false
          ? { message: free.error.message, advice: free.error.advice ?? errorCodes[free.error.code].advice }
          : undefined,
    };
  });
}

/** A worker leads a session of its own, and what it starts is in it: `npm start` and its node. A slot's socket is the daemon's too. */
function isOf({ daemon, workers }: Family, { pid }: Holder): boolean {
  if (pid === undefined) return false;
  const stat = statOf(pid);
  return (
    pid === daemon || workers.has(pid) || (stat !== undefined && (stat.ppid === daemon || workers.has(stat.session)))
  );
}

function isLeft({ channelSocket }: Family, { pid }: Holder): boolean {
  const socket = pid === undefined ? undefined : startEnvironment(pid)?.get(channelEnv.socket);
  return socket !== undefined && isSamePath(socket, channelSocket);
}
