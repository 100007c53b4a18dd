import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { glob } from '../../../src/linux/glob.ts';

/** Patterns of an [include], on real files. */
let root = '';

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'portherd-glob-'));
  for (const directory of ['conf.d', 'other/deep', '.hidden']) mkdirSync(join(root, directory), { recursive: true });
  for (const file of ['b.conf', 'a.conf', '.c.conf', 'd.ini', 'x[1].conf', 'x+y.conf'])
    writeFileSync(join(root, 'conf.d', file), '');
  writeFileSync(join(root, 'other/deep/e.conf'), '');
  writeFileSync(join(root, '.hidden/f.conf'), '');
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

test.for([
  ['conf.d/*.conf', ['conf.d/a.conf', 'conf.d/b.conf', 'conf.d/x+y.conf', 'conf.d/x[1].conf']],
  ['conf.d/.*.conf', ['conf.d/.c.conf']],
  ['conf.d/[ad].*', ['conf.d/a.conf', 'conf.d/d.ini']],
  ['conf.d/[!a].conf', ['conf.d/b.conf']],
  ['conf.d/[a-b].conf', ['conf.d/a.conf', 'conf.d/b.conf']],
  ['conf.d/?.ini', ['conf.d/d.ini']],
  ['conf.d/x[[]1].conf', ['conf.d/x[1].conf']],
  ['conf.d/x+*.conf', ['conf.d/x+y.conf']],
  ['*/deep/*', ['other/deep/e.conf']],
  ['*/*.conf', ['conf.d/a.conf', 'conf.d/b.conf', 'conf.d/x+y.conf', 'conf.d/x[1].conf']],
  ['**/e.conf', []],
  ['conf.d/a.conf', ['conf.d/a.conf']],
  ['conf.d/../conf.d/a.conf', ['conf.d/../conf.d/a.conf']],
  ['conf.d/none', []],
  ['nowhere/*.conf', []],
  ['conf.d/a.conf/*', []],
  ['conf.d/x[', []],
  ['conf.d/x[*', ['conf.d/x[1].conf']],
] as const)('%s matches %j', ([pattern, paths]) => {
  expect(glob(`${root}/${pattern}`)).toEqual(paths.map((path) => `${root}/${path}`));
});
