import { describe, expect, test } from 'vitest';
import { withPreload, workerEnv } from '../../../src/linux/worker-env.ts';
import { port, workerRequest } from '../../harness/worker-request.ts';

const home = {
  preload: '/opt/preload.cjs',
  controlSocket: '/run/x/control.sock',
  channelSocket: '/run/x/workers.sock',
};
const request = workerRequest(
  { listen: [port(8080), port(8443, 'tls')], directory: '/srv' },
  { slot: 3, generation: 7 },
);
const listeners = [
  { name: 'http', host: '127.0.0.1', port: 8080, fd: 30, inode: 111, fds: [200, 201] },
  { name: 'tls', host: '127.0.0.1', port: 8443, fd: 31, inode: 112, fds: [202, 203] },
];

test('a worker is told who and where it is, in the words of portherd, supervisord and PM2', () => {
  expect(workerEnv({ HOME: '/root' }, request, home, 'boot', listeners)).toEqual({
    HOME: '/root',
    PWD: '/srv',
    SUPERVISOR_ENABLED: '1',
    SUPERVISOR_PROCESS_NAME: '3',
    SUPERVISOR_GROUP_NAME: 'web',
    SUPERVISOR_SERVER_URL: 'unix:///run/x/control.sock',
    NODE_APP_INSTANCE: '3',
    PORTHERD_PROGRAM: 'web',
    PORTHERD_SLOT: '3',
    PORTHERD_GENERATION: '7',
    PORT: '8080',
    PORTHERD_CHANNEL: '/run/x/workers.sock',
    PORTHERD_TOKEN: 'secret',
    PORTHERD_CLAIM: 'boot',
    PORTHERD_LISTEN: JSON.stringify({
      bind: 'slot',
      readiness: 'listening',
      ports: [
        { host: '127.0.0.1', port: 8080, backlog: 511, fds: [200, 201], inode: 111 },
        { host: '127.0.0.1', port: 8443, backlog: 511, fds: [202, 203], inode: 112 },
      ],
    }),
  });
});

test('with bind: worker the ports are named without descriptors', () => {
  const { PORTHERD_LISTEN } = workerEnv({}, workerRequest({ listen: [port(80)], bind: 'worker' }), home, 'boot', []);
  expect(JSON.parse(PORTHERD_LISTEN ?? '')).toEqual({
    bind: 'worker',
    readiness: 'listening',
    ports: [{ host: '127.0.0.1', port: 80, backlog: 511, fds: [], inode: 0 }],
  });
});

describe('of the daemon’s environment', () => {
  test.each([
    'NOTIFY_SOCKET',
    'WATCHDOG_USEC',
    'LISTEN_FDS',
    'LISTEN_PID',
    'NODE_CHANNEL_FD',
    'npm_package_version',
    'npm_lifecycle_event',
    'INIT_CWD',
  ])('%s stays out', (name) => {
    expect(workerEnv({ [name]: 'x' }, request, home, 'boot', listeners)).not.toHaveProperty(name);
  });

  test.each(['PATH', 'LISTEN_ADDRESS', 'npm_config_registry', 'NODE_ENV', 'NODE_OPTIONS'])(
    '%s goes through',
    (name) => {
      expect(workerEnv({ [name]: 'x' }, request, home, 'boot', listeners)).toHaveProperty(name, 'x');
    },
  );

  test('PORT is replaced by the first declared port, and stays where none is declared', () => {
    expect(workerEnv({ PORT: '1' }, request, home, 'boot', listeners)['PORT']).toBe('8080');
    expect(workerEnv({ PORT: '1' }, workerRequest({}), home, 'boot', [])['PORT']).toBe('1');
  });
});

test('the program’s environment wins over all', () => {
  const environment = { PORT: '9', NODE_APP_INSTANCE: 'x', PATH: '/bin' };
  const env = workerEnv({ PATH: '/usr/bin' }, workerRequest({ listen: [port(80)], environment }), home, 'boot', []);
  expect(env).toMatchObject(environment);
});

test('a wrapper gets the preload through NODE_OPTIONS, after the program’s own', () => {
  const own = workerRequest({ environment: { NODE_OPTIONS: '--enable-source-maps' } });
  const env = workerEnv({ NODE_OPTIONS: '--inspect' }, own, home, 'listen', []);
  expect(env['NODE_OPTIONS']).toBe('--enable-source-maps --require /opt/preload.cjs');
  expect(env['PORTHERD_CLAIM']).toBe('listen');
});

test.each([
  [undefined, '/a/b.cjs', '--require /a/b.cjs'],
  ['  ', '/a/b.cjs', '--require /a/b.cjs'],
  ['--x ', '/a b/c.cjs', '--x --require "/a b/c.cjs"'],
  [undefined, '/a"b\\c', '--require "/a\\"b\\\\c"'],
])('NODE_OPTIONS %j with the preload %s is %s', (options, preload, expected) => {
  expect(withPreload(options, preload)).toBe(expected);
});
