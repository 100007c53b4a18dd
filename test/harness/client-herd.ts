import { beginShedding, type Plan, planShedding, type ShedReading, shedLookMs, skewOf } from '../../src/core/shed.ts';
import { Dice } from '../sim/dice.ts';

/** Keep-alive clients that all begin on slot 0, and what core/shed.ts makes of them. No process, no clock. */
export interface Herd {
  readonly clients: number;
  readonly slots: number;
  /** Between two requests of a client, varied by half either way. */
  readonly thinkMs: number;
  /** Where a client connects when its connection has left. */
  readonly returns: 'emptiest' | 'anywhere';
}

export interface HerdResult {
  readonly is: Plan['is'];
  readonly tookMs: number;
  /** When those who were on their way at the end are back. */
  readonly skew: number;
  /** Connections that left, over all. */
  readonly left: number;
  /** Connections that were asked in the busiest second. */
  readonly mostASecond: number;
}

interface Client {
  slot: number;
  asked: boolean;
  speaksAt: number;
}

const stepMs = 5;

export function rebalanceHerd(herd: Herd, perSecond: number, seed: number): HerdResult {
  const dice = new Dice(seed);
  const think = (): number => herd.thinkMs * (0.5 + dice.below(1_000) / 1_000);
  const clients = Array.from({ length: herd.clients }, (): Client => ({ slot: 0, asked: false, speaksAt: think() }));
  const shed = Array.from({ length: herd.slots }, () => 0);
  const read = (): ShedReading[] => {
    return shed.map((count, slot) => {
      const here = clients.filter((client) => client.slot === slot);
      return { slot, open: here.length, shedding: here.filter(({ asked }) => asked).length, shed: count };
    });
  };
  const askedAt: number[] = [];
  let shedding = beginShedding(read(), 0);
  for (let now = 0; now <= 120_000; now += stepMs) {
    for (const client of clients) if (client.speaksAt <= now) speak(client, now);
    if (now % shedLookMs !== 0) continue;
    const plan = planShedding(shedding, read(), perSecond, now);
    shedding = plan.next;
    for (const { slot, count } of plan.give) {
      const idle = clients.filter((client) => client.slot === slot && !client.asked);
      for (const client of idle.slice(0, count)) {
        client.asked = true;
        askedAt.push(now);
      }
    }
    if (plan.is === 'going') continue;
    const left = shed.reduce((sum, count) => sum + count, 0);
    const mostASecond = Math.max(
      0,
      ...askedAt.map((at) => askedAt.filter((other) => other >= at && other < at + 1_000).length),
    );
    for (const client of clients) if (client.slot < 0) speak(client, now);
    return { is: plan.is, tookMs: now, skew: skewOf(read()), left, mostASecond };
  }
  throw new Error(`no end with seed ${seed}`);

  function speak(client: Client, now: number): void {
    client.speaksAt = now + think();
    if (client.slot < 0) {
      const counts = read();
      const emptiest = counts.toSorted((one, other) => one.open - other.open)[0]?.slot ?? 0;
      client.slot = herd.returns === 'emptiest' ? emptiest : dice.below(herd.slots);
    } else if (client.asked) {
      shed[client.slot] = (shed[client.slot] ?? 0) + 1;
      client.asked = false;
      // It connects again when it has its next request.
      client.slot = -1;
    }
  }
}
