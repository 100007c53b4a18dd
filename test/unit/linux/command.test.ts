import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { realDirectory, resolveCommand } from '../../../src/linux/command.ts';
import { findScript, nodeRun } from '../../../src/linux/node-script.ts';

const dir = mkdtempSync(join(tmpdir(), 'portherd-command-'));
afterAll(() => rmSync(dir, { recursive: true }));

file('app.js');
file('module.mjs');
file('data.json');
file('package/package.json', '{"main": "./lib/entry"}');
file('package/lib/entry.js');
file('indexed/index.js');
file('broken/package.json', '{');
file('bin/node', '#!/bin/sh\n', 0o755);
file('bin/tool', '#!/bin/sh\n', 0o755);
file('bin/plain', '#!/bin/sh\n', 0o644);
file('bin/orphan', '#!/nowhere/interpreter -x\n', 0o755);
const env = { PATH: join(dir, 'bin') };

describe('what node would run', () => {
  test.each([
    [['app.js'], 'app.js'],
    [['-r', 'tsx', '--import', './x.mjs', '-C', 'dev', 'app.js', '--port', '1'], 'app.js'],
    [['--import=./x.mjs', '--env-file=.env', '--max-old-space-size=100', 'app.js'], 'app.js'],
    [['--env-file', '.env', '--title', 'web', '--enable-source-maps', 'app.js'], 'app.js'],
    [['--inspect', 'app.js'], 'app.js'],
    [['--', '-odd.js'], '-odd.js'],
    [['.'], '.'],
  ])('node %j runs the script %s', (argv, script) => {
    expect(nodeRun(argv, dir)).toEqual({ is: 'script', path: join(dir, script) });
  });

  test.each([[['-e', '1']], [['--eval=1']], [['-p', '1']], [['-']], [[]], [['-r', 'x']], [['--']]])(
    'node %j has no script to look for',
    (argv) => {
      expect(nodeRun(argv, dir)).toEqual({ is: 'inline' });
    },
  );

  test.each([[['--watch', 'app.js']], [['--watch-path=src', 'app.js']], [['--run', 'start']], [['inspect', 'app.js']]])(
    'node %j starts another node',
    (argv) => {
      expect(nodeRun(argv, dir)).toEqual({ is: 'wrapper' });
    },
  );

  test.each([
    ['app.js', 'app.js'],
    ['app', 'app.js'],
    ['data', 'data.json'],
    ['package', 'package/lib/entry.js'],
    ['indexed', 'indexed/index.js'],
    ['module', undefined],
    ['broken', undefined],
    ['missing.js', undefined],
    ['app.js/below', undefined],
  ])('%s is the file %s, as node resolves it', (path, found) => {
    expect(findScript(join(dir, path))).toBe(found && join(dir, found));
  });
});

describe('a command', () => {
  test('of node is found in the PATH of the worker, its script in the directory', () => {
    const command = ['node', '--import', 'x', 'app.js', 'arg'];
    const argv = [join(dir, 'bin/node'), '--import', 'x', 'app.js', 'arg'];
    expect(resolveCommand(command, dir, env)).toEqual({ ok: true, value: { kind: 'node', argv } });
  });

  test('that is this very node under another name is node', () => {
    symlinkSync(process.execPath, join(dir, 'bin/app-runtime'));
    const command = ['app-runtime', 'app.js'];
    expect(resolveCommand(command, dir, env)).toMatchObject({ ok: true, value: { kind: 'node' } });
  });

  test('of another program, or of a node that starts a node, is no node', () => {
    expect(resolveCommand(['./bin/tool', 'x'], dir, env)).toMatchObject({ ok: true, value: { kind: 'other' } });
    expect(resolveCommand(['node', '--watch', 'app.js'], dir, env)).toMatchObject({
      ok: true,
      value: { kind: 'other' },
    });
  });

  test.each([
    [['node', 'gone.js'], 'NO_FILE', 'gone.js'],
    [['gone'], 'NO_FILE', `no \`gone\` in PATH (${dir}/bin)`],
    [['./gone'], 'NO_FILE', `${dir}/gone`],
    [['bin'], 'NO_FILE', '`bin`'],
    [['plain'], 'NOT_EXECUTABLE', `${dir}/bin/plain`],
    [['./bin/plain'], 'NOT_EXECUTABLE', `${dir}/bin/plain`],
    [['orphan'], 'NO_FILE', '/nowhere/interpreter'],
    [[], 'NO_FILE', 'empty'],
  ])('%j answers %s and names what is wrong', (command, code, text) => {
    const resolved = resolveCommand(command, dir, env);
    expect(resolved).toMatchObject({ ok: false, error: { code } });
    expect(!resolved.ok && resolved.error.message).toContain(text);
  });

  test('in a directory that does not exist, or is a file, names it', () => {
    for (const bad of ['nowhere', 'app.js']) {
      const resolved = resolveCommand(['node', 'app.js'], join(dir, bad), env);
      expect(resolved).toMatchObject({ ok: false, error: { code: 'NO_FILE' } });
      expect(!resolved.ok && resolved.error.message).toContain(join(dir, bad));
    }
  });
});

test('a directory is the one behind its symbolic links', () => {
  mkdirSync(join(dir, 'release-2'));
  symlinkSync('release-2', join(dir, 'current'));
  expect(realDirectory(join(dir, 'current'))).toEqual({ ok: true, value: join(dir, 'release-2') });
});

function file(name: string, text = '', mode = 0o644): void {
  mkdirSync(join(dir, name, '..'), { recursive: true });
  writeFileSync(join(dir, name), text);
  chmodSync(join(dir, name), mode);
}
