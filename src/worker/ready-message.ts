import { guarded } from './guarded.ts';

/**
 * `readiness: message`: hears `process.send('ready')` and `process.send({ type: 'ready' })`, as PM2 does. Where the process has
 * an IPC channel of its own the message goes there too; else a stand-in takes it. Nothing of this exists with another
 * readiness. Tested on Node 22, 24 and 26.
 */
export function hearReady(onReady: () => void): void {
  const hear = guarded((message: unknown) => {
    if (isReady(message)) onReady();
  });
  const send = process.send?.bind(process);
  const heard: NonNullable<typeof process.send> = (message: unknown, ...rest: unknown[]): boolean => {
    hear(message);
    if (send !== undefined) return Reflect.apply(send, process, [message, ...rest]);
    const done = rest.find((argument) => typeof argument === 'function');
    if (done !== undefined) process.nextTick(done, null);
    return true;
  };
  Object.defineProperty(process, 'send', { value: heard, configurable: true, enumerable: true, writable: true });
}

function isReady(message: unknown): boolean {
  if (typeof message !== 'object' || message === null) return message === 'ready';
  return 'type' in message && message.type === 'ready';
}
