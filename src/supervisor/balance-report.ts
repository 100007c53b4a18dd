import { canSteer } from '../core/measuring.ts';
import { steeringStory } from '../core/mechanism.ts';
import type { Slot } from '../core/seat.ts';
import { sharesOf } from '../core/weights.ts';
import type { BalanceReply, SlotBalance, SteeringReply } from '../protocol/control.ts';
import { slotName } from './names.ts';
import { stall } from './report.ts';
import type { Program, Supervisor } from './supervisor.ts';

/** The last decision about each program's connections, with what it was made of: "why does slot 3 get 4 %?" */
export function balanceReport(supervisor: Supervisor): BalanceReply {
  const now = supervisor.ports.clock.now();
  return {
    programs: [...supervisor.programs.values()].map((program) => {
      const { config, fleet } = program;
      const { balance } = fleet;
      const shares = sharesOf(fleet);
      return {
        name: config.name,
        policy: config.balance.policy,
        ...steeringOf(supervisor, program),
        arrivals: tenths(balance.arrivals.rate * 1_000),
        ...(balance.why.length === 0 ? {} : { ageMs: Math.round(now - balance.decidedAt) }),
        slots: fleet.slots.map((slot) => slotBalance(program, slot, shares[slot.index] ?? 0, now)),
      };
    }),
  };
}

/** Absent while no socket is open, and with `bind: worker`, where there is nothing to steer. */
function steeringOf({ ports }: Supervisor, { config, fleet }: Program): { readonly steering?: SteeringReply } {
  const inForce = ports.steering.inForce(config.name);
  if (inForce === undefined) return {};
  const { by, why } = steeringStory(config.steering, inForce, fleet.distrust);
  return { steering: { by, ...(why === undefined ? {} : { why }) } };
}

function slotBalance(program: Program, slot: Slot, weight: number, now: number): SlotBalance {
  const { config, fleet } = program;
  const its = slot.seat.is === 'RUNNING' ? fleet.balance.why.find((one) => one.slot === slot.index) : undefined;
  const { lagMs, elu, queue = 0 } = its?.reading ?? {};
  const { held, target, factor = 1 } = its ?? {};
  const stalled = stall(program, slot.index, now);
  const numbers = {
    ...(held === undefined ? {} : { open: tenths(held) }),
    ...(target === undefined ? {} : { target: tenths(target) }),
    ...(held === undefined || target === undefined ? {} : { deficit: tenths(target - held) }),
    factor: Math.round(factor * 100) / 100,
    ...(lagMs === undefined ? {} : { lagMs }),
    ...(elu === undefined ? {} : { elu }),
    queue,
    ...stalled,
    weight,
  };
  const named = { name: slotName(config.name, slot.index), slot: slot.index, state: slot.seat.is };
  return { ...named, ...numbers, reason: reasonOf(program, slot, numbers) };
}

type Numbers = Omit<SlotBalance, 'name' | 'slot' | 'state' | 'reason'>;

function reasonOf({ config, fleet }: Program, { seat }: Slot, numbers: Numbers): string {
  const { stalledMs, weight, deficit, factor } = numbers;
  if (seat.is !== 'RUNNING') return weight > 0 ? `${seat.is}, and nobody else serves` : seat.is;
  if (stalledMs !== undefined) {
    const since = `stalled for ${(stalledMs / 1_000).toFixed(1)} s`;
    return weight > 0 ? `${since}, as all are` : since;
  }
  if (weight > 0.9999) return fleet.slots.length === 1 ? 'the only one' : 'all others get none';
  if (config.listen.length === 0) return 'no port';
  const policy = canSteer(fleet, config) ? config.balance.policy : 'hash';
  if (policy === 'cpu') return 'by core';
  if (policy === 'hash') return fleet.slots.every((slot) => slot.seat.is === 'RUNNING') ? 'kernel’s hash' : 'chance';
  if (deficit === undefined) return 'nobody counts here';
  const even = 1 / fleet.slots.filter((slot) => slot.seat.is === 'RUNNING').length;
  const busy = factor < 0.95 ? 'busy, ' : '';
  if (weight < even * 0.9) return `${busy}more than the others`;
  return weight > even * 1.1 ? `${busy}fewer than the others` : `${busy}even`;
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
