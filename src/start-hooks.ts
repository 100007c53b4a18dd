import { hostname } from 'node:os';
import type { Heritage } from './heritage.ts';
import { createHookDelivery } from './linux/hook-delivery.ts';
import { version } from './shared/version.ts';
import type { HeardLog } from './supervisor/heard-log.ts';
import { Hooks } from './supervisor/hooks.ts';
import type { Supervisor } from './supervisor/supervisor.ts';

/**
 * The hooks of the config, or those of a former supervisor: after a crash nothing changes that nobody asked for, and after a reload the
 * update that follows it does. From now on they hear what happens, and what the log says.
 */
export function startHooks(
  supervisor: Supervisor,
  { config, state }: Heritage,
  log: HeardLog,
  controlSocket: string,
): Hooks {
  const { clock, machine } = supervisor.ports;
  supervisor.useHooks(state?.hooks ?? config.hooks);
  const delivery = createHookDelivery(process.env, controlSocket);
  const sender = { host: hostname(), pid: process.pid, version };
  const hooks = new Hooks(supervisor, machine.token().slice(0, 8), { clock, log, delivery, sender });
  hooks.resume(state?.hookQueues ?? []);
  log.hear = (fields) => hooks.hearLog(fields);
  return hooks;
}
