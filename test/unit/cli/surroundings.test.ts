import { describe, expect, test } from 'vitest';
import { printable, wantsColour } from '../../../src/cli/screen.ts';
import { nodeTooOld } from '../../../src/shared/node-version.ts';
import { socketPath } from '../../../src/shared/socket-path.ts';
import { version } from '../../../src/shared/version.ts';
import manifest from '../../../package.json' with { type: 'json' };

describe('socketPath', () => {
  const place = { option: undefined, env: {}, uid: 1000, tmpdir: '/tmp' };
  const env = { PORTHERD_SOCKET: '/env.sock', XDG_RUNTIME_DIR: '/run/user/1000' };

  test.each([
    ['-s', { ...place, option: '/a.sock', env }, '/a.sock'],
    ['-s as a URL', { ...place, option: 'unix:///a.sock' }, '/a.sock'],
    ['$PORTHERD_SOCKET', { ...place, env, uid: 0 }, '/env.sock'],
    ['root', { ...place, env: { XDG_RUNTIME_DIR: '/run/user/0' }, uid: 0 }, '/run/portherd/control.sock'],
    [
      '$XDG_RUNTIME_DIR',
      { ...place, env: { XDG_RUNTIME_DIR: '/run/user/1000' } },
      '/run/user/1000/portherd/control.sock',
    ],
    ['a relative $XDG_RUNTIME_DIR', { ...place, env: { XDG_RUNTIME_DIR: 'run' } }, '/tmp/portherd-1000/control.sock'],
    ['an empty $PORTHERD_SOCKET', { ...place, env: { PORTHERD_SOCKET: '' } }, '/tmp/portherd-1000/control.sock'],
  ])('%s', (_case, given, path) => {
    expect(socketPath(given)).toBe(path);
  });
});

test.each([
  ['20.20.2', true],
  ['22.11.0', true],
  ['22.12.0', false],
  ['23.0.0', true],
  ['23.1.0', false],
  ['24.0.0', false],
  ['26.10.0', false],
])('Node %s is too old: %s', (node, old) => {
  expect(nodeTooOld('portherd', node) !== undefined).toBe(old);
});

test.each([
  [{}, true, true, true],
  [{}, true, false, false],
  [{ NO_COLOR: '1' }, true, true, false],
  [{ NO_COLOR: '' }, true, true, true],
  [{ FORCE_COLOR: '1' }, true, false, true],
  [{ FORCE_COLOR: '0' }, true, true, false],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, true, false, true],
  [{ FORCE_COLOR: '1' }, false, true, false],
  [{ TERM: 'dumb' }, true, true, false],
])('colour with %j, allowed %s, terminal %s: %s', (env, option, terminal, wanted) => {
  expect(wantsColour(env, option, terminal)).toBe(wanted);
});

test('tabs and letters of any language are printable, control characters are not', () => {
  expect(printable('a\tü→\u0007\u009B')).toBe('a\tü→\uFFFD\uFFFD');
});

test('the version is that of package.json', () => {
  expect(version).toBe(manifest.version);
});
