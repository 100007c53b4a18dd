import type { Supervisor } from './supervisor.ts';

/** A worker whose event loop is busy for longer is shown as it was a second ago. */
const waitMsMax = 100;

/** Asks every worker on the channel how it is, and waits until all have answered or the time is up. */
export async function freshBeats(supervisor: Supervisor): Promise<void> {
  const { workers, ports } = supervisor;
  const asked = new Set(workers.all().map(({ handle }) => handle));
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const unhear = workers.onBeat((handle) => {
    asked.delete(handle);
    if (asked.size === 0) resolve(undefined);
  });
  for (const handle of asked) if (!ports.channel.report(handle)) asked.delete(handle);
  const timer = setTimeout(() => resolve(undefined), asked.size === 0 ? 0 : waitMsMax);
  await promise;
  clearTimeout(timer);
  unhear();
}
