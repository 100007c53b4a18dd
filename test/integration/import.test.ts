import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CommandResult, runCommand } from '../harness/running-command.ts';

/** `portherd import` as it is typed. What it makes of each option is in unit/config/import. */
const main = join(import.meta.dirname, '../../dist/main.js');
let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portherd-import-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

function portherd(...args: readonly string[]): Promise<CommandResult> {
  return runCommand(process.execPath, [main, ...args], { cwd: directory });
}

async function write(name: string, text: string): Promise<void> {
  await mkdir(join(directory, name, '..'), { recursive: true });
  await writeFile(join(directory, name), text);
}

test('supervisord.conf with what it includes: YAML on stdout, the fates on stderr, and check takes it', async () => {
  await write('supervisord.conf', '[supervisord]\nnodaemon=true\n[include]\nfiles=conf.d/*.conf\n');
  await write('conf.d/web.conf', `[program:web]\ncommand=${process.execPath} -e 0\numask=022\n`);
  const made = await portherd('import', 'supervisord.conf');
  expect(made.exitCode, made.stderr).toBe(0);
  expect(made.stdout).toContain('  web:\n');
  expect(made.stderr).toMatch(/^supervisord\.conf \(supervisord\): 1 program; \d+ options mapped/);
  await write('portherd.yaml', made.stdout);
  const checked = await portherd('check');
  expect(checked).toMatchObject({ exitCode: 0, stderr: '' });
});

test('-o writes a file and keeps the one that is there, unless it is forced', async () => {
  await write('process.json', '{ "apps": [{ "script": "a.js", /* here */ }] }');
  const made = await portherd('import', 'process.json', '-o', 'out.yaml');
  expect(made).toMatchObject({ exitCode: 0, stdout: '' });
  const text = await readFile(join(directory, 'out.yaml'), 'utf8');
  expect(text).toContain('command: node a.js');
  await write('out.yaml', 'mine');
  expect(await portherd('import', 'process.json', '-o', 'out.yaml')).toMatchObject({
    exitCode: 2,
    stderr: 'portherd: out.yaml is there already\n  --force replaces it.\n',
  });
  expect(await readFile(join(directory, 'out.yaml'), 'utf8')).toBe('mine');
  expect((await portherd('import', 'process.json', '-o', 'out.yaml', '--force')).exitCode).toBe(0);
  expect(await readFile(join(directory, 'out.yaml'), 'utf8')).toBe(text);
});

test('for another directory, paths start where the process file is', async () => {
  await write('app/process.json', '{ "apps": [{ "script": "a.js", "out_file": "o.log" }] }');
  const { stdout } = await portherd('import', 'app/process.json');
  expect(stdout).toContain(`directory: ${directory}/app\n`);
  expect(stdout).toContain(`stdout: ${directory}/app/o.log\n`);
});

test.for([
  [
    'ecosystem.config.cjs',
    "console.log('noise'); module.exports = { apps: [{ script: './a.js', env: { WHO: process.env.WHO ?? 'x' } }] };",
  ],
  [
    'ecosystem.config.mjs',
    "console.log('noise'); export default { apps: [{ script: './a.js', env: { WHO: await Promise.resolve('x') } }] };",
  ],
  ['ecosystem.config.mjs', "export const apps = [{ script: './a.js', env: { WHO: 'x' }, hook() {} }];"],
  [
    'ecosystem.config.js',
    "const os = require('node:os'); setInterval(() => os, 1000); module.exports = { apps: [{ script: './a.js', env: { WHO: 'x' } }] };",
  ],
] as const)('%s is run with --trust alone: %s', async ([name, text]) => {
  await write(name, text);
  const refused = await portherd('import', name);
  expect(refused).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('again with --trust') });
  expect(refused.stderr).not.toContain('noise');
  const made = await portherd('import', name, '--trust');
  expect(made.exitCode, made.stderr).toBe(0);
  expect(made.stdout).toContain('WHO: x');
  expect(made.stdout).not.toContain('noise');
});

test.for([
  ['throws.cjs', 'module.exports = nope.apps;', /throws\.cjs: ReferenceError: nope is not defined \(.*throws\.cjs:1\)/],
  ['syntax.cjs', 'module.exports = {{', /syntax\.cjs: SyntaxError: .* \(.*syntax\.cjs:1\)/],
  ['ends.cjs', 'process.exit(3)', /ends\.cjs: it ended with 3/],
  [
    'circle.cjs',
    'const a = { }; a.a = a; module.exports = a;',
    /circle\.cjs: TypeError: Converting circular structure/,
  ],
  ['nothing.cjs', '', /nothing\.cjs: no apps in it/],
  ['mixed.mjs', 'module.exports = { apps: [] };', /mixed\.mjs: ReferenceError: module is not defined/],
  ['large.cjs', "module.exports = { apps: 'x'.repeat(3e6) }", /large\.cjs: what it exports is longer than/],
] as const)('a script that %s is refused', async ([name, text, why]) => {
  await write(name, text);
  const refused = await portherd('import', name, '--trust');
  expect(refused).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringMatching(why) });
});

test('a script that does not end is ended', { timeout: 60_000 }, async () => {
  await write('loop.cjs', "require('node:fs').writeFileSync('pid', String(process.pid)); for (;;);");
  const refused = await portherd('import', 'loop.cjs', '--trust');
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('it did not end within 10s') });
  const pid = Number(await readFile(join(directory, 'pid'), 'utf8'));
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test.for([
  [['nope.conf'], 'cannot read nope.conf: ENOENT'],
  [['.'], 'cannot read .: EISDIR'],
  [[], 'import needs a file'],
  [['a', 'b'], 'unexpected: b'],
  [['bad.yaml'], 'bad.yaml:1:'],
  [['bad.json'], 'bad.json:2:'],
  [['bad.conf'], 'bad.conf:2: "nonsense" is no [section]'],
  [['--nope'], 'unknown option --nope'],
] as const)('import %j is refused: %s', async ([args, why]) => {
  await write('bad.yaml', 'apps: [');
  await write('bad.json', '{\n "apps": [,] ]');
  await write('bad.conf', '[program:x]\nnonsense\n');
  expect(await portherd('import', ...args)).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining(why),
  });
});
