import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { messageOf } from '../../src/shared/errors.ts';

const run = promisify(execFile);

/** apt-get update and install took 7 s here; a mirror that hangs must not hang the tests. */
const limitMs = 180_000;

/** Makes sure that Debian's gunicorn is installed, which needs root when it is not. Answers why there is none. */
export async function prepareGunicorn(): Promise<string | undefined> {
  if ((await missing()) === undefined) return undefined;
  if (process.getuid?.() !== 0) return 'gunicorn is not installed, and installing it needs root';
  const options = { timeout: limitMs, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  try {
    await run('apt-get', ['update', '-q'], options);
    await run('apt-get', ['install', '-y', '-q', 'gunicorn'], options);
  } catch (thrown) {
    return `gunicorn cannot be installed: ${messageOf(thrown).split('\n', 1).join()}`;
  }
  return missing();
}

async function missing(): Promise<string | undefined> {
  try {
    await run('gunicorn', ['--version'], { timeout: limitMs });
    return undefined;
  } catch (thrown) {
    return `no gunicorn: ${messageOf(thrown)}`;
  }
}
