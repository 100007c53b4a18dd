import type { Fact } from '../core/events.ts';
import { daemonNews, groupNews, stateNews, tickNews } from '../core/event-payloads.ts';
import type { Slot } from '../core/seat.ts';
import { stateChanges } from '../core/state-changes.ts';
import type { AdoptedProgram } from './adopt.ts';
import { OutputEvents } from './event-output.ts';
import type { OutputFollowing } from './ports-events.ts';
import type { Supervisor } from './supervisor.ts';

/** Makes supervisord's events of what happens here, and gives them to the desk. */
export interface EventWatch {
  /** Every program is there, none was started yet: as in supervisord, that is when it is RUNNING. */
  running(): void;
  end(): void;
}

/** `former`: what was adopted is as it was, so only what has become of it since is news. */
export function watchEvents(
  supervisor: Supervisor,
  former: readonly AdoptedProgram[],
  following: OutputFollowing,
): EventWatch {
  const { events: desk, ports } = supervisor;
  const known = new Map<string, readonly Slot[]>();
  const facts = new Map<string, Fact[]>();
  const output = new OutputEvents(supervisor, following);
  let stopping = false;
  let second = unixSeconds();

  for (const { config, fleet } of former) {
    desk.open(config);
    known.set(config.name, fleet.slots);
  }

  const unwatch = supervisor.watch((program, fact) => {
    if (fact !== undefined) return void facts.set(program, [...(facts.get(program) ?? []), fact]);
    if (supervisor.closing && !stopping) {
      stopping = true;
      desk.publish(daemonNews('STOPPING'));
    }
    compareGroup(program);
    compareSlots(program, facts.get(program) ?? []);
    facts.delete(program);
    output.sync(program);
    desk.deliver();
  });

  const timer = setInterval(() => {
    const now = unixSeconds();
    for (const news of tickNews(second, now)) desk.publish(news);
    second = now;
    desk.look();
  }, lookEveryMs).unref();

  function compareGroup(name: string): void {
    const program = supervisor.programs.get(name);
    if (program === undefined) {
      if (!known.delete(name)) return;
      desk.close(name);
      desk.publish(groupNews('REMOVED', name));
      return;
    }
    // It hears of itself, too.
    desk.open(program.config);
    if (known.has(name)) return;
    known.set(name, []);
    desk.publish(groupNews('ADDED', name));
  }

  function compareSlots(name: string, said: readonly Fact[]): void {
    const slots = supervisor.programs.get(name)?.fleet.slots;
    const before = known.get(name) ?? [];
    if (slots === undefined || slots === before) return;
    known.set(name, slots);
    for (let slot = 0; slot < Math.max(slots.length, before.length); slot += 1) {
      if (slots[slot] === before[slot]) continue;
      const own = said.filter((fact) => 'slot' in fact && fact.slot === slot);
      for (const change of stateChanges(before[slot], slots[slot], own)) desk.publish(stateNews(name, slot, change));
    }
  }

  function unixSeconds(): number {
    return ports.clock.wall() / 1_000;
  }

  return {
    running() {
      desk.publish(daemonNews('RUNNING'));
    },
    end() {
      clearInterval(timer);
      unwatch();
      desk.end();
    },
  };
}

/** As supervisord's loop: a tick comes within a second of its time. */
const lookEveryMs = 1_000;
