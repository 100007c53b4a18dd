import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../shared/errors.ts';
import { formatDuration } from '../shared/duration.ts';
import { configBytesMax, importScriptMsMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { formatSize } from '../shared/size.ts';

/**
 * What a script exports, as JSON has it (functions are lost), from a process of its own with a deadline. It can do all that this user
 * may: only for scripts that the user trusts. `path` is absolute. The error is a text.
 */
export function evaluateScript(path: string): Result<unknown, string> {
  const run = spawnSync(process.execPath, ['--input-type=module', '--eval', loader, pathToFileURL(path).href], {
    cwd: dirname(path),
    encoding: 'utf8',
    timeout: importScriptMsMax,
    killSignal: 'SIGKILL',
    maxBuffer: configBytesMax,
    // What it prints goes to standard error; the result comes on a descriptor of its own.
    stdio: ['ignore', 2, 'pipe', 'pipe'],
  });
  if (run.error !== undefined) {
    const code = 'code' in run.error ? run.error.code : undefined;
    if (code === 'ETIMEDOUT') return err(`it did not end within ${formatDuration(importScriptMsMax)}`);
    if (code === 'ENOBUFS') return err(`what it exports is longer than ${formatSize(configBytesMax)}`);
    return err(messageOf(run.error));
  }
  const result = run.output[3] ?? '';
  if (run.status !== 0 || result === '')
    return err(reasonIn(run.stderr) ?? `it ended with ${run.signal ?? run.status}`);
  try {
    return ok(JSON.parse(result));
  } catch (thrown) {
    return err(messageOf(thrown));
  }
}

const loader = `
  import { writeSync } from 'node:fs';
  // --eval has these as globals. A script that is taken for an ES module must miss them, as it does under PM2.
  for (const name of ['module', 'exports', 'require', '__filename', '__dirname']) delete globalThis[name];
  const loaded = await import(process.argv[1]);
  const value = JSON.stringify(loaded.default ?? { ...loaded }) ?? 'null';
  for (let rest = Buffer.from(value); rest.length > 0; ) rest = rest.subarray(writeSync(3, rest));
  process.exit(0);
`;

/** The line that says what went wrong, and its place, out of Node's page about it. */
function reasonIn(stderr: string): string | undefined {
  const lines = stderr.split('\n').map((line) => line.trim());
  const what = lines.find((line) => /^(Uncaught )?\w*Error\b.*:/.test(line));
  const where = lines.find((line) => /^(file:\/\/)?\/.*:\d+$/.test(line));
  if (what === undefined) return lines.find((line) => line !== '');
  return where === undefined ? what : `${what} (${where.replace('file://', '')})`;
}
