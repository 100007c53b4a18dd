import type { Client } from './client.ts';
import { hooksReply } from './hook-replies.ts';
import { availReply, statusReply } from './replies.ts';

/** Kinds of words that only the daemon knows. */
export const namedKinds = ['name', 'program', 'slot', 'configured', 'hook'] as const;
export type NamedKind = (typeof namedKinds)[number];

export function isNamedKind(kind: string): kind is NamedKind {
  return namedKinds.some((known) => known === kind);
}

/** For completion: what the daemon has of that kind, as it would be typed. Nothing where there is no daemon, or a slow one. */
export async function knownNames(client: Client, kind: NamedKind): Promise<readonly string[]> {
  const { promise: late, resolve } = Promise.withResolvers<readonly string[]>();
  const timer = setTimeout(() => resolve([]), waitMs);
  const names = await Promise.race([askNames(client, kind), late]);
  clearTimeout(timer);
  return names;
}

/** Whoever presses Tab waits for it. */
const waitMs = 1_000;

async function askNames(client: Client, kind: NamedKind): Promise<readonly string[]> {
  if (kind === 'configured') {
    const avail = await client.get('/v1/avail', availReply);
    return avail.ok ? ['all', ...avail.value.programs.map(({ name }) => name)] : [];
  }
  if (kind === 'hook') {
    const answer = await client.get('/v1/hooks', hooksReply);
    return answer.ok ? answer.value.hooks.map(({ name }) => name) : [];
  }
  const status = await client.get('/v1/status', statusReply);
  if (!status.ok) return [];
  const { programs } = status.value;
  const names = programs.map(({ name }) => name);
  const slots = programs.flatMap((program) => program.slots.map(({ name }) => name));
  if (kind === 'program') return names;
  return kind === 'slot' ? slots : ['all', ...names, ...slots];
}
