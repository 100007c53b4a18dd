import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type CommandResult, runCommand } from '../../harness/running-command.ts';

/** An app whose output is a file that has no room: RLIMIT_FSIZE stands in for a full disk, whose error it has but for the name. */
const guard = join(import.meta.dirname, '../../../src/worker/full-disk.ts');
const dir = mkdtempSync(join(tmpdir(), 'portherd-full-'));
afterAll(() => rmSync(dir, { recursive: true }));

const fills = `
  for (let n = 0; n < 3; n++) process.stdout.write('x'.repeat(1000) + '\\n');
  setImmediate(() => console.log('more'));
  setTimeout(() => process.exit(7), 50);
`;

describe('an app that writes more than fits', () => {
  test('dies of it by itself', async () => {
    const { exitCode, stderr } = await run(fills);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('EFBIG')]);
  });

  test('lives on as a worker, and what fits is there', async () => {
    const { exitCode, stderr } = await run(`${guarded}${fills}`);
    expect([exitCode, stderr]).toEqual([7, '']);
    expect(readFileSync(join(dir, 'out'), 'utf8')).toBe(`${'x'.repeat(1_000)}\n`.repeat(2).slice(0, 1_024));
  });

  test('hears of it when it listens', async () => {
    const listens = `process.stdout.on('error', ({ code }) => process.exit(code === 'EFBIG' ? 9 : 8));`;
    expect((await run(`${guarded}${listens}${fills}`)).exitCode).toBe(9);
  });
});

test('any other error of an output is as it was', async () => {
  const { exitCode, stderr } = await run(`${guarded}process.stdout.emit('error', new Error('another one'));`);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('another one')]);
});

const guarded = `(await import('${guard}')).outliveFullDisk();`;

/** At most 1024 bytes (POSIX: 2 units of 512). */
function run(source: string): Promise<CommandResult> {
  const shell = `trap '' XFSZ; ulimit -f 2; exec "$0" --input-type=module -e "$1" > '${join(dir, 'out')}'`;
  return runCommand('sh', ['-c', shell, process.execPath, source], { env: { PATH: process.env['PATH'] } });
}
