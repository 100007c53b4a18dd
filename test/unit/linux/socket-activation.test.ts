import { expect, test } from 'vitest';
import { socketActivationEnv, throughShell } from '../../../src/linux/socket-activation.ts';

const socket = { host: '::', fd: 9, inode: 1 };
const activate = ['export LISTEN_PID=$$'];
const shell = ['/bin/sh', '-c', 'export LISTEN_PID=$$; exec "$@"', 'sh'];

test('the variables count and name the sockets, and are not there when there are none', () => {
  const listeners = [
    { ...socket, name: 'http', port: 80 },
    { ...socket, name: 'tls', port: 443 },
  ];
  expect(socketActivationEnv(listeners)).toEqual({ LISTEN_FDS: '2', LISTEN_FDNAMES: 'http:tls' });
  expect(socketActivationEnv([])).toEqual({});
});

test('a shell becomes the program, whose words it does not read', () => {
  expect(throughShell(activate, ['/bin/x', '$HOME', 'a b'], { PATH: '/bin' })).toEqual([
    ...shell,
    '/bin/x',
    '$HOME',
    'a b',
  ]);
});

test('names that a shell would drop go around it', () => {
  const env = { PATH: '/bin', 'spring.port': '80', 'c-d': 'x y' };
  expect(throughShell(activate, ['/bin/x'], env)).toEqual([
    ...shell,
    '/usr/bin/env',
    'spring.port=80',
    'c-d=x y',
    '/bin/x',
  ]);
});
