import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { prepareLaunch } from '../../../src/linux/launch.ts';
import { endOfLog, findLogDirectories, lastWords, logPaths, openLogs } from '../../../src/linux/log-files.ts';
import { workerRequest } from '../../harness/worker-request.ts';

const dir = mkdtempSync(join(tmpdir(), 'portherd-logs-'));
afterAll(() => rmSync(dir, { recursive: true }));
let files = 0;

describe('the paths of a slot’s logs', () => {
  test('are in the log directory unless the program names others', () => {
    const logs = { stdout: 'auto', stderr: '/var/log/%(program)s/err-%(slot)d.log' };
    expect(logPaths({ name: 'web', logs }, 2, '/logs')).toEqual({
      stdout: '/logs/web-2.stdout.log',
      stderr: '/var/log/web/err-2.log',
    });
  });

  test('have supervisord’s names in them too', () => {
    const logs = { stdout: '/l/%(program_name)s-%(process_num)02d.log', stderr: '/l/%(group_name)s.%(process_num)d' };
    expect(logPaths({ name: 'web', logs }, 2, '/logs')).toEqual({ stdout: '/l/web-02.log', stderr: '/l/web.2' });
  });

  test('none and inherit stay words', () => {
    const logs = { stdout: 'none', stderr: 'inherit' };
    expect(logPaths({ name: 'web', logs }, 0, '/logs')).toEqual(logs);
  });
});

test('the directory of a path that the config names must be there, and is asked for before anything is started', () => {
  const there = { stdout: join(dir, 'a.log'), stderr: 'stdout' };
  expect(findLogDirectories({ name: 'web', logs: there }, 0).ok).toBe(true);
  expect(findLogDirectories({ name: 'web', logs: { stdout: 'auto', stderr: 'none' } }, 0).ok).toBe(true);
  const logs = { stdout: 'inherit', stderr: join(dir, '%(program_name)s-%(slot)d', 'err.log') };
  expect(findLogDirectories({ name: 'web', logs }, 3)).toMatchObject({
    error: { message: `cannot open the log ${dir}/web-3/err.log: there is no directory ${dir}/web-3 (logs.stderr)` },
  });
  const { program } = workerRequest({ logs: { ...workerRequest({}).program.logs, stdout: '/nowhere/x.log' } });
  expect(prepareLaunch(program, 0, process.env)).toMatchObject({ error: { code: 'NO_LOG_DIRECTORY' } });
});

describe('opened logs', () => {
  test('append, and are made with mode 0640', () => {
    const path = join(dir, 'append.log');
    writeFileSync(path, 'old\n');
    const opened = openLogs({ stdout: path, stderr: join(dir, 'fresh.log') });
    if (!opened.ok) throw new Error(opened.error.message);
    writeSync(opened.value.stdout, 'new\n', 0); // the position is ignored with O_APPEND
    opened.value.close();
    expect(readFileSync(path, 'utf8')).toBe('old\nnew\n');
    expect(statSync(join(dir, 'fresh.log')).mode & 0o777).toBe(0o640 & ~process.umask());
  });

  test('none is /dev/null, inherit the daemon’s own', () => {
    const opened = openLogs({ stdout: 'none', stderr: 'inherit' });
    if (!opened.ok) throw new Error(opened.error.message);
    expect(opened.value.stdout).toBeGreaterThan(2);
    expect(opened.value.stderr).toBe(2);
    opened.value.close();
    writeSync(2, ''); // still open
  });

  test('that cannot be opened are an error with path and reason', () => {
    const path = join(dir, 'nowhere/x.log');
    const opened = openLogs({ stdout: 'none', stderr: path });
    expect(opened).toMatchObject({ ok: false, error: { code: 'SPAWN_ERROR' } });
    expect(!opened.ok && opened.error.message).toMatch(`cannot open the log ${path}: ENOENT`);
  });
});

describe('last words', () => {
  test('are what was written since the offset, as whole lines', () => {
    const path = log('before\n');
    const from = endOfLog(path);
    appendFileSync(path, 'Error: boom\n    at x.js:1\nno newline at the end');
    expect(lastWords(path, from)).toEqual(['Error: boom', '    at x.js:1', 'no newline at the end']);
    expect(lastWords(path, endOfLog(path))).toEqual([]);
  });

  test('are at most 2,048 bytes and start at a line', () => {
    const lines = Array.from(
      { length: 200 },
      (_, number) => `line ${String(number).padStart(3, '0')} ${'x'.repeat(50)}`,
    );
    const words = lastWords(log(`${lines.join('\n')}\n`), 0);
    expect(words).toEqual(lines.slice(-words.length));
    expect(words.length).toBe(Math.floor(2_048 / 60));
  });

  test('of one endless line are its end', () => {
    const [only, ...others] = lastWords(log(`${'x'.repeat(5_000)}end`), 0);
    expect(others).toEqual([]);
    expect(only).toMatch(/^x{2045}end$/);
  });

  test('have no colours and no control characters', () => {
    expect(lastWords(log('\u001B[31mred\u001B[0m\u0007\ttab\r\n\u0000\n\u009B2J\n'), 0)).toEqual(['red  tab']);
  });

  test('of a file that was rotated meanwhile start at its beginning', () => {
    expect(lastWords(log('fresh\n'), 1_000)).toEqual(['fresh']);
  });

  test('of nothing, a directory or a missing file are none', () => {
    mkdirSync(join(dir, 'directory'));
    for (const path of ['none', 'inherit', join(dir, 'missing'), join(dir, 'directory')]) {
      expect(lastWords(path, 0)).toEqual([]);
    }
    expect([endOfLog('none'), endOfLog(join(dir, 'missing'))]).toEqual([0, 0]);
  });
});

function log(text: string): string {
  files += 1;
  const path = join(dir, `${files}.log`);
  writeFileSync(path, text);
  return path;
}
