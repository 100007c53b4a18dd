import type { FleetEffect } from '../core/effects.ts';
import { steeringStory } from '../core/mechanism.ts';
import type { Ports } from './ports.ts';
import type { Program } from './supervisor.ts';

/** Tells the kernel, and the log when that is done in another way than before. */
export function steer(
  { weights, by, mechanisms }: FleetEffect & { do: 'steer' },
  { steering, log }: Pick<Ports, 'steering' | 'log'>,
  { config, fleet }: Program,
): void {
  const { name } = config;
  const done = steering.apply(name, weights, by, mechanisms);
  const after = steering.inForce(name);
  if (after === undefined) {
    if (!done.ok) log.warn({ event: 'steeringFailed', program: name, error: done.error }, 'cannot steer');
    return;
  }
  const story = steeringStory(config.steering, after, fleet.distrust);
  const known = told.get(steering) ?? new Map<string, string>();
  told.set(steering, known);
  if (known.get(name) === JSON.stringify(after)) return;
  known.set(name, JSON.stringify(after));
  const fields = { event: 'steering', program: name, ...story };
  if (story.advice === undefined) log.info(fields, 'connections are steered');
  else
    log.warn(
      fields,
      after.by === 'hash' ? 'cannot steer; the kernel’s hash goes on' : 'steered in another way than configured',
    );
}

/** By program: a mechanism may come back by itself, between two calls (eBPF, when a former program's sockets are free). */
const told = new WeakMap<Ports['steering'], Map<string, string>>();
