import { expect, test } from 'vitest';
import { createSockets } from '../../../src/linux/sockets.ts';
import { bindLibc } from '../../../src/linux/libc.ts';
import { steeringPrograms } from '../../../src/core/mechanism.ts';

const refused = bindLibc(() => {
  throw new Error('libkoffi.node: failed to map segment from shared object');
});

test('when koffi cannot be loaded the error says why, and that bind: worker does without', () => {
  expect(refused).toEqual({
    ok: false,
    error: {
      code: 'FFI_UNAVAILABLE',
      message: 'no access to libc: libkoffi.node: failed to map segment from shared object',
    },
  });
});

test('without libc a program that binds by slot is refused, one that binds by worker is not', () => {
  const { listeners } = createSockets(steeringPrograms, () => refused);
  const listen = [{ name: 'http', host: '127.0.0.1', port: 1, backlog: 511 }];
  expect(listeners.open({ name: 'web', bind: 'slot', listen }, [0])).toEqual(refused);
  expect(listeners.open({ name: 'web', bind: 'worker', listen }, [0])).toEqual({ ok: true, value: undefined });
  expect(listeners.of('web', 0)).toEqual([]);
});
