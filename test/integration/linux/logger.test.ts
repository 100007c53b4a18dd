import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startScript } from '../../harness/script.ts';

const logger = join(import.meta.dirname, '../../../src/linux/logger.ts');

describe('not on a terminal', () => {
  test('a line is JSON with time, level name, event and message, and nothing unasked for', async () => {
    const [line] = await logged(`log.warn({ event: 'exited', slot: 3, pid: 7 }, 'worker exited')`);
    const { time, ...rest } = JSON.parse(line ?? '');
    expect(rest).toEqual({ level: 'warn', event: 'exited', slot: 3, pid: 7, msg: 'worker exited' });
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test('levels below the configured one are left out', async () => {
    const all = `for (const level of ['debug', 'info', 'warn', 'error']) log[level]({ event: 'x', error: 'e' }, level)`;
    expect(await logged(all, 'warn')).toHaveLength(2);
    expect(await logged(all, 'debug')).toHaveLength(4);
  });

  test('an error is shown with its stack, an operating error as it is', async () => {
    const lines = await logged(`
      log.error({ event: 'x', error: new Error('boom') }, 'x');
      log.error({ event: 'x', error: { code: 'NO_FILE', message: 'gone' } }, 'x');
    `);
    const [thrown, operating] = lines.map((line) => JSON.parse(line).error);
    expect(thrown).toMatchObject({ type: 'Error', message: 'boom', stack: expect.stringContaining('at ') });
    expect(operating).toEqual({ code: 'NO_FILE', message: 'gone' });
  });
});

test.each([
  ['JSON', false],
  ['readable', true],
])('%s lines are all there, in order, when the daemon exits right after', async (_, terminal) => {
  const burst = `for (let i = 0; i < 3000; i++) log.info({ event: 'x', i }, 'line ' + i); process.exit(0)`;
  const lines = await logged(burst, 'info', terminal);
  expect(lines.map((line) => Number(/line (\d+)/.exec(line)?.[1]))).toEqual(Array.from({ length: 3_000 }, (_, i) => i));
});

test('a full disk does not stop the daemon, and what waits has a limit', async () => {
  await using script = startScript(`
    const { createLog } = await import('${logger}');
    const { openSync, writeSync } = await import('node:fs');
    const log = await createLog('info', {}, { fd: openSync('/dev/full', 'w'), terminal: false });
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 5000; i++) log.info({ event: 'x', text: 'x'.repeat(5000) }, 'into a full disk');
    gc();
    writeSync(1, String(process.memoryUsage().heapUsed - before));
  `);
  expect(Number(await script.output())).toBeLessThan(4 * 1024 * 1024); // of the 25 MB that were logged
});

test('a reader that is slow, or gone, does not hold the daemon up', async () => {
  await using script = startScript(`
    const { createLog } = await import('${logger}');
    const { spawn } = await import('node:child_process');
    const { once } = await import('node:events');
    const { writeSync } = await import('node:fs');
    const reader = spawn('sleep', ['60'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const log = await createLog('info', {}, { fd: reader.stdin._handle.fd, terminal: false });
    for (let i = 0; i < 5000; i++) log.info({ event: 'x', text: 'x'.repeat(500) }, 'into a full pipe');
    writeSync(1, 'slow ');
    reader.kill('SIGKILL');
    await once(reader, 'exit');
    for (let i = 0; i < 10; i++) log.info({ event: 'x' }, 'to nobody');
    writeSync(1, 'gone');
  `);
  expect(await script.output()).toBe('slow gone');
});

describe('on a terminal', () => {
  const line = `log.info({ event: 'exited', slot: 3 }, 'worker exited')`;

  test('a line is readable and has colours', async () => {
    const [shown] = await logged(line, 'info', true);
    expect(shown).toContain('worker exited');
    expect(shown).toContain('"slot":3');
    expect(shown).toContain('\u001B[');
  });

  test('NO_COLOR takes the colours away', async () => {
    const [shown] = await logged(line, 'info', true, { NO_COLOR: '1' });
    expect(shown).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: worker exited \{"slot":3\}$/);
  });
});

async function logged(code: string, level = 'info', terminal = false, env = {}): Promise<string[]> {
  await using script = startScript(`
    const { createLog } = await import('${logger}');
    const log = await createLog('${level}', ${JSON.stringify(env)}, { fd: 1, terminal: ${terminal} });
    ${code};
  `);
  return (await script.output()).trimEnd().split('\n');
}
