import { expect, test } from 'vitest';
import { orderNow } from '../../../src/linux/inherited-sockets.ts';

/** net/core/sock_reuseport.c, __reuseport_detach_sock: the last one moves into the hole. Figures: facts of a real kernel. */
test.for<[string, string, string]>([
  ['abcd', '', 'abcd'],
  ['abcd', 'd', 'abc'],
  ['abcd', 'b', 'adc'],
  ['abcd', 'a', 'dbc'],
  ['abcd', 'abcd', ''],
])('of the group %s, without %s, is left %s', ([before, closed, left]) => {
  expect(orderNow(before.split(''), (one) => !closed.includes(one)).join('')).toBe(left);
});
