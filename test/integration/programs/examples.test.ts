import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { freePort } from '../../harness/free-port.ts';
import { getText } from '../../harness/get-text.ts';
import { prepareGunicorn } from '../../harness/gunicorn.ts';

/** Every file of config/examples runs as it is written, but for its ports, which others may hold on this machine. */
const shipped = join(import.meta.dirname, '../../../config/examples');
const modules = join(import.meta.dirname, '../../../node_modules');
let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'portherd-examples-'));
  cpSync(shipped, directory, { recursive: true });
  // For Express and Fastify.
  symlinkSync(modules, join(directory, 'node_modules'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** What the file's own comment asks with curl, in its order. */
async function run(name: string): Promise<{ daemon: Daemon; asked: number[] }> {
  const yaml = readFileSync(join(directory, `${name}.yaml`), 'utf8');
  const given = [...new Set([...yaml.matchAll(/port: (\d+)/g)].map(([, port]) => Number(port)))];
  const ports = new Map<number, number>();
  for (const port of given) ports.set(port, await freePort());
  const move = (text: string): string =>
    [...ports].reduce((moved, [from, to]) => moved.replaceAll(String(from), String(to)), text);
  const folder = join(directory, name);
  for (const file of readdirSync(folder)) {
    const path = join(folder, file);
    if (statSync(path).isFile()) writeFileSync(path, move(readFileSync(path, 'utf8')));
  }
  const programs = move(yaml).replaceAll(/directory: /g, `directory: ${directory}/`);
  const env = { PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) };
  const daemon = await startDaemon({ programs, env, deadline: 60_000 });
  const asked = [...move(yaml).matchAll(/curl 127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
  return { daemon, asked };
}

async function expectToRun(name: string): Promise<void> {
  const { daemon: running, asked } = await run(name);
  await using daemon = running;
  expect(asked).not.toEqual([]);
  for (const port of asked) expect(await getText(port)).toMatch(/^(pid \d+, slot \d+|up for \d+ s)\n$/);
  const rolled = await daemon.ctl('roll');
  expect(rolled.exitCode, rolled.stdout + rolled.stderr).toBe(0);
  for (const port of asked) expect(await getText(port)).not.toBe('');
  const warnings = daemon.log.filter(({ level }) => level !== 'info');
  expect(warnings).toEqual([]);
}

const names = readdirSync(shipped)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.replace('.yaml', ''));

test.for(names.filter((name) => name !== 'gunicorn'))('%s.yaml runs, answers and rolls', async (name) => {
  await expectToRun(name);
});

test('gunicorn.yaml runs, answers and rolls', async ({ skip }) => {
  const missing = await prepareGunicorn();
  if (missing !== undefined) console.warn(`skipped: ${missing}`);
  skip(missing !== undefined, missing);
  await expectToRun('gunicorn');
});
