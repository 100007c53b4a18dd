import { expect, test } from 'vitest';
import { readSettings, removeSettings, withoutPreload } from '../../src/worker/claim.ts';

const settings = {
  PORTHERD_CHANNEL: '/run/portherd/workers.sock',
  PORTHERD_TOKEN: 'abc',
  PORTHERD_LISTEN: '{"bind":"worker","readiness":"http","ports":[]}',
  PORTHERD_CLAIM: 'listen',
};

test('a worker reads its settings, and none when one is missing or unknown', () => {
  expect(readSettings(settings)).toEqual({
    socket: '/run/portherd/workers.sock',
    token: 'abc',
    claim: 'listen',
    plan: { bind: 'worker', readiness: 'http', ports: [] },
  });
  expect(readSettings({})).toBeUndefined();
  expect(readSettings({ ...settings, PORTHERD_CLAIM: 'never' })).toBeUndefined();
  expect(readSettings({ ...settings, PORTHERD_LISTEN: '{}' })).toBeUndefined();
  for (const name of Object.keys(settings)) expect(readSettings({ ...settings, [name]: undefined })).toBeUndefined();
});

test('who claims the role takes everything away that would make its children claim it, and nothing else', () => {
  const env = {
    ...settings,
    PORTHERD_SLOT: '2',
    HOME: '/',
    NODE_OPTIONS: '--max-old-space-size=64 --require /opt/worker/preload.cjs',
  };
  removeSettings(env);
  expect(env).toEqual({ PORTHERD_SLOT: '2', HOME: '/', NODE_OPTIONS: '--max-old-space-size=64' });
  const only = { ...settings, NODE_OPTIONS: '--require /opt/worker/preload.cjs' };
  removeSettings(only);
  expect(only).toEqual({});
});

test.for<[before: string, after: string]>([
  ['--require /a/worker/preload.cjs', ''],
  ['--require=/a/worker/preload.cjs', ''],
  ['--require "/a b/worker/preload.cjs"', ''],
  [String.raw`--require "/a \"b\"/worker/preload.cjs" --no-warnings`, '--no-warnings'],
  ['--no-warnings --require /a/worker/preload.cjs --inspect', '--no-warnings --inspect'],
  ['--require "/x y/other.cjs" --require /a/worker/preload.cjs', '--require "/x y/other.cjs"'],
  ['--require /a/worker/preload.cjs.bak', '--require /a/worker/preload.cjs.bak'],
  ['--require ./apm.cjs', '--require ./apm.cjs'],
])('NODE_OPTIONS %s becomes %j', ([before, after]) => {
  expect(withoutPreload(before)).toBe(after);
});
