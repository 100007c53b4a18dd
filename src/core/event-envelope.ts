import type { PoolEvent } from './event-pool.ts';

/**
 * An event as its listener reads it: a line of `key:value`s, then the payload. `len` counts characters, as supervisord's does: its listeners
 * read text, and only a payload that is not ASCII (REMOTE_COMMUNICATION, PROCESS_LOG) has more bytes than that.
 */
export function envelope({ name, payload, serial, poolSerial }: PoolEvent, pool: string): string {
  const head = {
    ver: '3.0',
    server: 'portherd',
    serial,
    pool,
    poolserial: poolSerial,
    eventname: name,
    len: characters(payload),
  };
  const words = Object.entries(head).map(([key, value]) => `${key}:${value}`);
  return `${words.join(' ')}\n${payload}`;
}

/** Python counts code points. */
function characters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
