import type { Fact } from '../core/events.ts';
import { daemonNews, groupNews, stateNews, tickNews } from '../core/event-payloads.ts';
import type { Slot } from '../core/seat.ts';
import { stateChanges } from '../core/state-changes.ts';
import type { AdoptedProgram } from './adopt.ts';
import type { Supervisor } from './supervisor.ts';

/** Makes supervisord's events of what happens here, and gives them to the desk. */
export interface EventWatch {
  /** Every program is there, none was started yet: as in supervisord, that is when it is RUNNING. */
  running(): void;
  end(): void;
}

/** `former`: what was adopted is as it was, so only what has become of it since is news. */
export function watchEvents(supervisor: Supervisor, former: readonly AdoptedProgram[]): EventWatch {
  const { events: desk, ports } = supervisor;
  const known = new Map<string, readonly Slot[]>();
  const facts = new Map<string, Fact[]>();
  let complete = false;
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
    compareGroups();
    compareSlots(program, facts.get(program) ?? []);
    facts.delete(program);
    desk.deliver();
  });

  const timer = setInterval(() => {
    const now = unixSeconds();
    for (const news of tickNews(second, now)) desk.publish(news);
    second = now;
    desk.look();
  }, lookEveryMs).unref();

  function compareGroups(): void {
    for (const [name, { config }] of supervisor.programs) {
      // It hears of itself, too.
      desk.open(config);
      if (known.has(name)) continue;
      known.set(name, []);
      desk.publish(groupNews('ADDED', name));
    }
    // Before that they are still being adopted.
    if (!complete) return;
    for (const name of known.keys()) {
      if (supervisor.programs.has(name)) continue;
      known.delete(name);
      desk.close(name);
      desk.publish(groupNews('REMOVED', name));
    }
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
      complete = true;
      compareGroups();
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
