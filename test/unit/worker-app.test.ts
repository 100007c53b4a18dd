import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, test } from 'vitest';
import { onDrain, ready, slot } from '../../src/worker/app.ts';
import { appChannels } from '../../src/worker/app-channels.ts';

const notice = { idleMs: 1_000, totalMs: 2_000 };

test('without portherd there is no slot, ready() does nothing, and nothing ever drains', () => {
  expect(slot).toBeUndefined();
  expect(() => ready()).not.toThrow();
  expect(() => onDrain(() => expect.fail('drained'))()).not.toThrow();
});

test('a drain reaches who asked for it, and not who has unsubscribed', () => {
  const heard: unknown[] = [];
  const stop = onDrain((given) => heard.push(given));
  channel(appChannels.drain).publish(notice);
  stop();
  channel(appChannels.drain).publish(notice);
  expect(heard).toEqual([notice]);
});

test('who asks when the drain has begun hears of it at once', () => {
  const answer = (query: unknown): void => {
    if (typeof query === 'object') Object.assign(query ?? {}, { draining: notice });
  };
  subscribe(appChannels.query, answer);
  const heard: unknown[] = [];
  onDrain((given) => heard.push(given))();
  unsubscribe(appChannels.query, answer);
  expect(heard).toEqual([notice]);
});

test('ready() reaches the preload', () => {
  let times = 0;
  const count = (): void => void times++;
  subscribe(appChannels.ready, count);
  ready();
  unsubscribe(appChannels.ready, count);
  expect(times).toBe(1);
});
