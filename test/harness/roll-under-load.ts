import type { RollLine } from '../../src/protocol/control.ts';
import type { Daemon } from './daemon.ts';
import { type Load, startLoad } from './load.ts';
import type { LossOptions } from './loss-client.ts';
import { manyAnswers } from './expect-no-loss.ts';
import type { LossReport } from './loss-report.ts';
import { until } from './until.ts';

/** What is done to the program `web` while each of `loads` runs; a report for each load, in their order. */
export interface UnderLoad {
  /** The first free port on 127.0.0.1 unless given. */
  readonly loads?: readonly Partial<LossOptions>[];
  readonly act: () => Promise<void>;
}

/** Enough that every worker always has something open; two cores serve it with room for a test beside it. */
const load = { connections: 8, keepAlive: { clients: 6, thinkMs: 20 } } as const;

export async function underLoad(daemon: Daemon, { loads = [{}], act }: UnderLoad): Promise<LossReport[]> {
  await using running = new AsyncDisposableStack();
  const clients: Load[] = [];
  for (const options of loads) {
    clients.push(running.use(await startLoad({ port: options.port ?? daemon.port(), ...load, ...options })));
  }
  const answered = async (count: number): Promise<void> => {
    const enough = async (): Promise<boolean> => {
      const reports = await Promise.all(clients.map((client) => client.report()));
      return reports.every(({ oneShot }) => oneShot.ok > count);
    };
    await until(enough, { what: `more than ${count} answers of each load`, explain: () => daemon.log.slice(-10) });
  };
  await answered(50);
  await act();
  // How many there were meanwhile depends on the machine.
  await answered(manyAnswers);
  return await Promise.all(clients.map((client) => client.stop()));
}

/** Throws when a roll fails, or leaves a worker as it was. */
export async function rollTimes(daemon: Daemon, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    const before = await daemon.pids('web');
    const reply = await daemon.api('POST', '/v1/roll', { programs: ['web'], wait: true });
    const last: RollLine | undefined = reply.lines().at(-1);
    if (last?.t !== 'finished' || last.error !== undefined) throw new Error(`roll ${n} failed: ${reply.text}`);
    const kept = (await daemon.pids('web')).filter((pid) => before.includes(pid));
    if (kept.length > 0) throw new Error(`roll ${n} kept ${kept.join(', ')} of ${before.join(', ')}`);
  }
}

export async function rollUnderLoad(
  daemon: Daemon,
  times: number,
  loads?: readonly Partial<LossOptions>[],
): Promise<LossReport[]> {
  return underLoad(daemon, { ...(loads && { loads }), act: () => rollTimes(daemon, times) });
}
