import type { PortherdMachine } from './portherd-machine.ts';
import { pause, until } from './until.ts';

/**
 * Kills the supervisor (SIGKILL unless given), and measures until another one answers with every slot ready; ms. What becomes of the
 * workers is the caller's to judge.
 */
export async function takeover(portherd: PortherdMachine, signal = 'KILL'): Promise<number> {
  const { pid } = (await portherd.status()).daemon;
  const since = performance.now();
  await portherd.machine.read('kill', `-${signal}`, String(pid));
  await untilReplaced(portherd, pid);
  return performance.now() - since;
}

/** Another supervisor than `pid` answers, and every slot is ready. */
export async function untilReplaced(portherd: PortherdMachine, pid: number): Promise<void> {
  const replaced = async (): Promise<boolean> => {
    const { daemon, programs } = await portherd.status();
    return (
      daemon.pid !== pid && programs.length > 0 && programs.every(({ slots }) => slots.every(({ ready }) => ready))
    );
  };
  const what = `another supervisor than ${pid} to have every slot ready`;
  await until(replaced, { what, deadline: 60_000, interval: 5 }).catch((thrown: unknown) => portherd.explain(thrown));
}

/** How often a worker of `target-plain.cjs` has come up, by what each says in its log when it listens. */
export async function startsOf(portherd: PortherdMachine, name = 'web'): Promise<number> {
  const files = (await portherd.program(name)).slots.map(({ logs }) => logs.stdout);
  return (await portherd.machine.read('cat', ...files)).split('\n').filter((line) => line === 'listening').length;
}

/** While `act` is under way, how long the control socket went without an answer at most; ms. */
export async function silenceDuring(portherd: PortherdMachine, act: Promise<unknown>): Promise<number> {
  let silence = 0;
  let answered = performance.now();
  let over = false;
  const ended = act.finally(() => (over = true));
  // Once more after its end: it may have been silent until then.
  for (let last = false; !last; await pause(5)) {
    last = over;
    await until(() => portherd.status(), { what: 'an answer of the control socket', deadline: 60_000, interval: 5 });
    silence = Math.max(silence, performance.now() - answered);
    answered = performance.now();
  }
  await ended;
  return silence;
}

/** Prints what was measured, beside the goal. A figure of the machine it ran on, thus nothing that a test could fail by. */
export function printTimes(what: string, times: readonly number[], goalMs: number): void {
  const sorted = times.map(Math.round).toSorted((left, right) => left - right);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  const figures = `median ${at(0.5)} ms (the goal is ${goalMs}), 9 of 10 within ${at(0.9)} ms, worst ${at(1)} ms`;
  console.log(`${what}: ${times.length} times, ${figures}`);
}
