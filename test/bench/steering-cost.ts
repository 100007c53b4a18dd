import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Balance, decideBalance, newBalance } from '../../src/core/balance.ts';
import type { Mechanism } from '../../src/core/mechanism.ts';
import type { Reading } from '../../src/core/reading.ts';
import { verifyOrder } from '../../src/supervisor/verify-order.ts';
import { startDaemon } from '../harness/daemon.ts';
import { openGradually } from '../harness/gradual-connections.ts';
import { puppet } from '../harness/puppet.ts';
import { openSlotSockets, type SlotSockets } from '../harness/slot-sockets.ts';
import { startRequests } from '../harness/steady-requests.ts';
import { BenchOutput } from './bench-output.ts';
import { cpuMs } from './cpu-time.ts';
import { median, spread } from './median.ts';

/**
 * `npm run bench:steering [-- --write]`: what steering costs the supervisor. First its parts, without a daemon; then the CPU time
 * of a real daemon as it is by default, less that of one that leaves it to the kernel's hash and looks each 10 s, in turns within one run.
 */
const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });

const runMs = 10_000;
const rounds = 5;
/** Of a core, percent: the issue's. */
const budget = 0.5;

const output = new BenchOutput('What steering costs');
output.machine();
await parts();
output.say('');
await daemons();
if (values.write) await output.write('npm run bench:steering -- --write');

async function parts(): Promise<void> {
  const rows: string[][] = [];
  for (const slots of [4, 16, 128]) {
    using web = await openSlotSockets({ slots });
    const look = timed(300, () => {
      for (const slot of web.slots) web.listeners.queues('web', slot);
    });
    let balance: Balance = newBalance();
    let now = 0;
    const decide = timed(1_000, (round) => {
      now += 100;
      balance = decideBalance(balance, readings(slots, round), web.slots, 'connections', now);
    });
    const updates = (mechanism: Mechanism): number =>
      timed(300, (round) =>
        web.steering.apply(
          'web',
          web.slots.map((slot) => 1 + ((slot + round) % 7)),
          'weight',
          [mechanism],
        ),
      );
    const classic = updates('cbpf');
    const ebpf = updates('ebpf');
    const steered = web.steering.inForce('web')?.by;
    const share = ((look + decide + classic) * 10) / 1e6;
    const shown = [look, decide, classic].map((us) => us.toFixed(0));
    rows.push([
      String(slots),
      ...shown,
      steered === 'ebpf' ? ebpf.toFixed(0) : 'refused',
      `${(share * 100).toFixed(2)} %`,
      (await verifyMs(web)).toFixed(1),
    ]);
  }
  const columns = ['slots', 'look µs', 'decide µs', 'cbpf µs', 'ebpf µs', 'the first three, 10 a second, of a core'];
  output.table([...columns, 'verify ms'], rows);
}

/** Where the kernel sends connections, after a change of the sockets; nothing else. */
async function verifyMs(web: SlotSockets): Promise<number> {
  const took: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const since = performance.now();
    const { is } = await verifyOrder(web, 'web');
    took.push(performance.now() - since);
    if (is !== 'right') throw new Error(`the order is ${is}`);
  }
  return median(took);
}

async function daemons(): Promise<void> {
  const rows: string[][] = [];
  const loads = {
    'nobody comes': async () => pause(runMs),
    '13 connections/s that stay': async (port: number) => {
      using _ = await openGradually(port, (runMs / 1_000) * 13, runMs);
    },
    '200 connections/s, a request each': async (port: number) => {
      await using _ = startRequests(port, 200);
      await pause(runMs);
    },
  };
  for (const [name, load] of Object.entries(loads)) {
    const costs: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const steered = await share({}, load);
      const left = await share({ policy: 'hash', interval: '10s' }, load);
      costs.push((steered - left) * 100);
    }
    const verdict = median(costs) <= budget ? 'ok' : 'MISS';
    rows.push([name, `${median(costs).toFixed(2)} %`, spread(costs, 2), `≤ ${budget} %`, verdict]);
  }
  output.table(['4 workers, defaults', 'of a core', 'middle half', 'budget', ''], rows);
}

async function share(balance: object, load: (port: number) => Promise<void>): Promise<number> {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 4, balance }) } });
  // The start is compiled and collected by then.
  await pause(2_000);
  const since = performance.now();
  const before = cpuMs(daemon.pid);
  await load(daemon.port());
  return (cpuMs(daemon.pid) - before) / (performance.now() - since);
}

function readings(slots: number, round: number): readonly Reading[] {
  return Array.from({ length: slots }, (_, slot): Reading => {
    const total = round * 3 + ((slot * 7 + round) % 5);
    return { slot, worker: slot + 1, open: total, total, queue: 0, backlog: 511, drops: 0, beatAgeMs: 100 };
  });
}

/** The median of the rounds, µs, after as many to warm up. */
function timed(times: number, run: (round: number) => unknown): number {
  const took: number[] = [];
  for (let round = 0; round < 2 * times; round += 1) {
    const since = performance.now();
    run(round);
    if (round >= times) took.push((performance.now() - since) * 1_000);
  }
  return median(took);
}
