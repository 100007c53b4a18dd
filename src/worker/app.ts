import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { appChannels, type DrainNotice, type DrainQuery } from './app-channels.ts';

export type { DrainNotice } from './app-channels.ts';

/** Number of the slot this process serves, from 0; undefined when no portherd supervises it. */
export const slot: number | undefined = slotOf(process.env['PORTHERD_SLOT']);

/**
 * Calls back once when this worker is to be replaced or stopped: say goodbye on WebSockets and other long connections, which
 * are cut at `totalMs`. Called at once if that is so already. Without portherd it never is. Returns the unsubscribing function.
 */
export function onDrain(callback: (notice: DrainNotice) => void): () => void {
  const query: DrainQuery = { draining: undefined };
  channel(appChannels.query).publish(query);
  if (query.draining !== undefined) {
    callback(query.draining);
    return () => {};
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only the preload publishes there
  const take = (message: unknown): void => callback(message as DrainNotice);
  subscribe(appChannels.drain, take);
  return () => {
    unsubscribe(appChannels.drain, take);
  };
}

/** With `readiness: message`: this worker can serve now. Otherwise, and without portherd, it does nothing. */
export function ready(): void {
  channel(appChannels.ready).publish(undefined);
}

function slotOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}
