import type { FleetEvent } from '../core/events.ts';
import type { ChannelEvent } from './ports.ts';
import { watchServing } from './serving-gone.ts';
import type { Supervisor } from './supervisor.ts';

/** What workers say over the channel, told to core in its words. */
export function hear(supervisor: Supervisor, event: ChannelEvent): void {
  const live = supervisor.workers.byHandle(event.worker);
  if (live === undefined) return;
  const { program, worker } = live;
  const heardAt = event.is === 'detached' ? undefined : supervisor.ports.clock.now();
  supervisor.workers.change(live.handle, { heardAt });
  if (event.is === 'beat') {
    supervisor.workers.beat(live.handle, event.beat);
    const moved = event.beat.open !== live.beat?.open || event.beat.total !== live.beat.total;
    return moved ? supervisor.send(program, { is: 'counted' }) : undefined;
  }
  if (event.is === 'attached') supervisor.workers.change(live.handle, { awaited: undefined });
  if (event.is === 'attached' && event.pid !== live.process.pid) {
    const serving = supervisor.ports.processes.identify(event.pid);
    if (serving !== undefined) supervisor.workers.change(live.handle, { serving });
  }
  if (event.is === 'detached') {
    supervisor.ports.processes.suspect(live.process);
    watchServing(supervisor, live);
  }
  if (event.is === 'strayed') {
    supervisor.ports.log.warn(
      { event: 'strayed', program, slot: live.slot, worker, why: event.why },
      'worker left its socket; it is replaced',
    );
  }
  const told = translate(event, worker);
  if (told !== undefined) supervisor.send(program, told);
}

function translate(event: ChannelEvent, worker: number): FleetEvent | undefined {
  switch (event.is) {
    case 'attached':
      return { is: 'attached', worker };
    case 'listening':
      return { is: 'listening', worker, port: event.port, adopted: event.adopted };
    case 'ready':
      return { is: 'saidReady', worker };
    case 'strayed':
      return { is: 'strayed', worker, why: event.why };
    case 'drained':
      return { is: 'drained', worker };
    case 'beat':
    case 'detached':
      return undefined;
  }
}
