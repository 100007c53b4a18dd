import { expect, test } from 'vitest';
import { firstCopyAbove, placeCopies, stdioOf } from '../../../src/linux/descriptors.ts';

const http = { name: 'http', host: '::', port: 80, fd: 31, inode: 1 };
const tls = { name: 'tls', host: '::', port: 443, fd: 32, inode: 2 };

test('each port gets eight copies, one block after the other', () => {
  const [first, second] = placeCopies([http, tls], 200);
  expect(first).toMatchObject({ port: 80, fds: [200, 201, 202, 203, 204, 205, 206, 207] });
  expect(second).toMatchObject({ port: 443, fds: [208, 209, 210, 211, 212, 213, 214, 215] });
});

test('the stdio array has every descriptor at its number', () => {
  const placed = placeCopies([http, tls], 200);
  const stdio = stdioOf({ stdin: 9, stdout: 10, stderr: 11 }, placed, true);
  expect(stdio.slice(0, 6)).toEqual([9, 10, 11, 31, 32, 'ignore']);
  expect(stdio.slice(5, 200)).toEqual(Array.from({ length: 195 }, () => 'ignore'));
  expect(stdio.slice(200)).toEqual([...Array(8).fill(31), ...Array(8).fill(32)]);
});

test('without systemd’s protocol the low numbers stay empty; without sockets there are three', () => {
  expect(stdioOf({ stdin: 'ignore', stdout: 1, stderr: 2 }, placeCopies([http], 200), false)[3]).toBe('ignore');
  expect(stdioOf({ stdin: 'ignore', stdout: 1, stderr: 2 }, [], true)).toEqual(['ignore', 1, 2]);
});

test('copies start at 200, and above everything in a daemon that has many descriptors', () => {
  expect(firstCopyAbove([0, 1, 2, 900])).toBe(200);
  const many = Array.from({ length: 300 }, (_, fd) => fd);
  expect(firstCopyAbove(many)).toBeGreaterThan(many.length + 2);
});
