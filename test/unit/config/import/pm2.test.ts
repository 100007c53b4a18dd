import { expect, test } from 'vitest';
import type { ProgramConfig } from '../../../../src/config/schema.ts';
import type { Pm2Source } from '../../../../src/config/import/pm2.ts';
import { appRules } from '../../../../src/config/import/pm2-rules.ts';
import { Dice } from '../../../sim/dice.ts';
import { load, pm2, pm2Text, value, yamlOf } from './fixture.ts';

/** What the examples do not show: each rule's corners, what is refused, and that nothing else is ever made than what portherd takes. */
function app(fields: object, source: Partial<Pm2Source> = {}): ProgramConfig {
  const [program] = load(yamlOf(value(pm2({ apps: [{ script: 'a.js', ...fields }] }, source)))).programs;
  if (program === undefined) throw new Error('no program');
  return program;
}

test.for([
  [{ instances: 'max' }, 4],
  [{ instances: 0 }, 4],
  [{ instances: '3' }, 3],
  [{ instances: -1 }, 3],
  [{ instances: -9 }, 1],
  [{ instances: 'many' }, 4],
  [{}, 1],
] as const)('%j is %i workers on four cores', ([fields, workers]) => {
  expect(app(fields).workers).toBe(workers);
});

test.for([
  [{ env: { PORT: 3000 } }, [3000]],
  [{ env: { PORT: '3000' } }, [3000]],
  [{ port: 3001, env: { PORT: 3000 } }, [3001]],
  [{ env: { PORT: 'unix.sock' } }, []],
  [{ env: { PORT: 70_000 } }, []],
  [{ script: 'a.py', env: { PORT: 3000 } }, []],
  [{ script: 'npm', args: 'start', env: { PORT: 3000 } }, [3000]],
  [{ script: './a.sh', env: { PORT: 3000 } }, []],
] as const)('%j listens on %j', ([fields, ports]) => {
  const program = app(fields);
  expect(program.listen.map((one) => one.port)).toEqual(ports);
  // One place for a port: portherd gives it to the workers.
  expect('PORT' in program.environment).toBe('env' in fields && ports.length === 0);
});

test('--env lays env_NAME over env, its port too', () => {
  const fields = { env: { PORT: 1, A: 'a', B: 'b' }, env_production: { PORT: 2, B: 'c' } };
  expect(app(fields)).toMatchObject({ listen: [{ port: 1 }], environment: { A: 'a', B: 'b' } });
  expect(app(fields, { env: 'production' })).toMatchObject({ listen: [{ port: 2 }], environment: { A: 'a', B: 'c' } });
});

test.for([
  [{}, undefined, '/srv', '/srv'],
  [{ cwd: 'x' }, undefined, '/srv/x', '/srv/x'],
  [{ cwd: './x/' }, undefined, '/srv/x', '/srv/x'],
  [{ cwd: '..' }, undefined, '/', '/'],
  [{ cwd: '/abs' }, undefined, '/abs', '/abs'],
  [{}, '/src', '/src', '/src'],
  [{ cwd: 'x' }, '/src', '/src/x', '/src/x'],
  [{ cwd: '~' }, undefined, '/srv/~', '/srv/~'],
] as const)('%j in %s runs in %s, logs included', ([fields, base, directory, logs]) => {
  const program = app({ ...fields, out_file: './o.log' }, { base });
  expect(program.directory).toBe(directory);
  expect(program.logs.stdout).toBe(`${logs === '/' ? '' : logs}/o.log`);
});

test.for([
  [{ script: 'a.js', args: '-x "b c"' }, ['node', 'a.js', '-x', 'b c']],
  [{ script: 'a.js', args: ['b c', 1] }, ['node', 'a.js', 'b c', '1']],
  [{ script: 'a.js', nodeArgs: '--inspect' }, ['node', '--inspect', 'a.js']],
  [{ script: 'serve -s build' }, ['serve', '-s', 'build']],
  [{ script: 'a | b' }, ['bash', '-c', 'a | b']],
  [{ script: 'echo *' }, ['bash', '-c', 'echo *']],
  [{ script: 'A=1 node x.js' }, ['bash', '-c', 'A=1 node x.js']],
  [{ script: 'a.js', interpreter: '' }, undefined],
  [{ script: 'A=1', interpreter: 'none' }, ['env', 'A=1']],
  [{ script: 'x', interpreter: 'none' }, ['x']],
  [{ script: 'x.bin', interpreter: 'none' }, ['./x.bin']],
] as const)('%j runs %j', ([fields, command]) => {
  if (command === undefined) expect(pm2([fields]).ok).toBe(false);
  else expect(app(fields).command).toEqual(command);
});

test.for([
  [{ apps: [] }, 'no apps in it'],
  [{}, 'no apps in it'],
  [null, 'no apps in it'],
  ['text', '"text" is no app'],
  [{ apps: [7] }, 'eco.cjs: apps.0: 7 is no app'],
  [{ apps: [{ name: 'x' }] }, 'eco.cjs: apps.0: an app needs a script'],
  [[{ script: 7 }], 'eco.cjs: 0.script: an app needs a script'],
  [[{ script: 'a.js', autorestart: 'maybe' }], '0.autorestart: "maybe" is neither true nor false'],
  [[{ script: 'a.js', exec_mode: 'thread' }], '0.exec_mode: "thread" is neither cluster nor fork'],
  [[{ script: 'a.js', kill_timeout: 'soon' }], '0.kill_timeout: "soon" is no number'],
  [[{ script: 'a.js', min_uptime: '5x' }], '0.min_uptime: "5x" is no time'],
  [[{ script: 'a.js', env: [1] }], '0.env: a list of 1 is no map'],
  [[{ script: 'a.js', port: 'x' }], '0.port: "x" is no port'],
  [[{ script: 'a.js', out_file: {} }], '0.out_file: a map is no text'],
  [[{ script: 'a.js', stop_exit_codes: [300] }], '0.stop_exit_codes: exit codes are from 0 to 255'],
  [[{ script: 'a.js', args: 'a "b' }], '0.script: args is neither a list nor a text'],
  [[{ script: 'a\0.js' }], '0.script: it holds a NUL'],
] as const)('%j is refused', ([exported, why]) => {
  const read = pm2(exported);
  expect(read).toMatchObject({ ok: false, error: { code: 'CONFIG_INVALID', message: expect.stringContaining(why) } });
});

test('an environment that no app has is refused', () => {
  expect(pm2([{ script: 'a.js', env_prod: {} }], { env: 'production' })).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining('no app has env_production'), advice: 'There is --env prod.' },
  });
});

test('in JSON and YAML a mistake has its line', () => {
  expect(
    pm2Text('{ "apps": [\n  { "script": "a.js" },\n  { "script": "b.js",\n    "autostart": 3 } ] }'),
  ).toMatchObject({
    ok: false,
    error: { message: expect.stringMatching(/^eco\.json:4:18: apps\[1\]\.autostart: 3 is neither/) },
  });
});

test('a process for each value of increment_var, but no more than a program may have workers', () => {
  const read = value(pm2([{ script: 'a.js', increment_var: 'N', instances: 1e12 }]));
  expect(read.programs).toHaveLength(512);
});

test('an option under two names is one', () => {
  expect(app({ max_restarts: 3, maxRestarts: 9 }).startRetries).toBe(2);
});

test('whatever is written, it is refused or becomes something that portherd takes', () => {
  const dice = new Dice(815);
  const bits: readonly unknown[] = [
    true,
    false,
    null,
    0,
    1,
    -1,
    2,
    1e12,
    0.5,
    '',
    'a',
    'a b',
    'A=1',
    '"',
    "'",
    '~',
    '~x',
    '/dev/null',
    '/a',
    './b',
    '%(slot)d',
    '\u0007',
    '{}',
    'max',
    '10s',
    [],
    ['a', ''],
    [0],
    {},
    { PORT: 80 },
    { PORT: 'x', A: { b: 1 } },
    { PORTHERD_A: 1, '': 2, 'a=b': 3 },
    'PORT',
    'node@8',
    'none',
    'a.py',
    'cluster',
    'fork',
    4,
    '3000',
  ];
  let made = 0;
  for (let round = 0; round < 1_500; round++) {
    const one = (): object => ({
      script: 'a.js',
      ...Object.fromEntries(
        Array.from({ length: dice.below(5) }, () => [dice.pick(Object.keys(appRules)), dice.pick(bits)]),
      ),
    });
    const apps = [one(), one()];
    const read = pm2({ apps }, dice.below(2) === 0 ? {} : { base: '/src', home: undefined });
    if (!read.ok) continue;
    made += 1;
    expect(() => load(yamlOf(read.value)), JSON.stringify(apps)).not.toThrow();
  }
  expect(made).toBeGreaterThan(300);
}, 60_000);
