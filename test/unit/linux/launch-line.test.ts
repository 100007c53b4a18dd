import { describe, expect, test } from 'vitest';
import { type LaunchTraits, launchLine, toolsFor } from '../../../src/linux/launch-line.ts';

const plain: LaunchTraits = { activated: false, umask: undefined, rlimits: {}, niceBy: 0, account: undefined };
const tools = { prlimit: '/bin/prlimit', nice: '/bin/nice', setpriv: '/bin/setpriv' };
const words = (traits: Partial<LaunchTraits>, env: Record<string, string> = { PATH: '/bin' }): readonly string[] =>
  launchLine(['/bin/app', '$HOME'], env, { ...plain, ...traits }, tools).words;

test('a worker that wants nothing is started as it is, without a shell', () => {
  expect(words({})).toEqual(['/bin/app', '$HOME']);
  expect(toolsFor(plain)).toEqual([]);
});

describe('in front of the command stands', () => {
  test('a shell for LISTEN_PID and the umask', () => {
    expect(words({ activated: true })).toEqual([
      '/bin/sh',
      '-c',
      'export LISTEN_PID=$$; exec "$@"',
      'sh',
      '/bin/app',
      '$HOME',
    ]);
    expect(words({ umask: 0o027 }).slice(0, 4)).toEqual(['/bin/sh', '-c', 'umask 027; exec "$@"', 'sh']);
    expect(words({ umask: 0, activated: true })[2]).toBe('export LISTEN_PID=$$; umask 000; exec "$@"');
  });

  test('env(1) for names that the shell would drop', () => {
    expect(words({ umask: 0o22 }, { 'a.b': '1' }).slice(3, 6)).toEqual(['sh', '/usr/bin/env', 'a.b=1']);
  });

  test('prlimit(1) for limits, nice(1) for niceness', () => {
    const rlimits = { nofile: { soft: 10, hard: 20 }, core: { soft: 0, hard: 'unlimited' }, as: undefined } as const;
    expect(words({ rlimits }).slice(0, 4)).toEqual(['/bin/prlimit', '--nofile=10:20', '--core=0:unlimited', '--']);
    expect(words({ niceBy: -3 }).slice(0, 4)).toEqual(['/bin/nice', '-n', '-3', '--']);
  });

  test('setpriv(1) for a user with his groups, one of a number alone, and a group', () => {
    expect(words({ account: { uid: 33, gid: 34, name: 'www' } }).slice(0, 5)).toEqual([
      '/bin/setpriv',
      '--reuid=33',
      '--regid=34',
      '--init-groups',
      '--',
    ]);
    expect(words({ account: { uid: 33, gid: 34, name: undefined } })[3]).toBe('--clear-groups');
    expect(words({ account: { uid: undefined, gid: 34, name: undefined } }).slice(1, 3)).toEqual([
      '--regid=34',
      '--keep-groups',
    ]);
  });

  test('all of it in an order in which privileges are given up as soon as they are not needed', () => {
    const all = {
      activated: false,
      umask: 0o22,
      rlimits: { core: { soft: 0, hard: 0 } },
      niceBy: 1,
      account: { uid: 1, gid: 1, name: 'a' },
    } as const;
    expect(words(all).filter((word) => word.startsWith('/bin'))).toEqual([
      '/bin/prlimit',
      '/bin/nice',
      '/bin/setpriv',
      '/bin/sh',
      '/bin/app',
    ]);
    expect(toolsFor(all)).toEqual(['prlimit', 'nice', 'setpriv']);
  });

  test('nothing of the program that could take over a tool which still has privileges', () => {
    const env = { PATH: '/bin', LD_PRELOAD: '/srv/x.so', LOCPATH: '/srv', A: 'secret' };
    const account = { uid: 33, gid: 34, name: 'www' };
    const line = launchLine(['/bin/app'], env, { ...plain, account }, tools);
    expect(line.env).toEqual({ PATH: '/bin', A: 'secret' });
    expect(line.words.slice(5)).toEqual(['/usr/bin/env', 'LD_PRELOAD=/srv/x.so', 'LOCPATH=/srv', '/bin/app']);
    expect(launchLine(['/bin/app'], env, { ...plain, niceBy: 1 }, tools).env).toEqual(env);
  });
});
