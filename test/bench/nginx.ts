import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { allPids, statOf } from '../../src/linux/procfs.ts';
import { freePort } from '../harness/free-port.ts';
import { getText } from '../harness/get-text.ts';
import { until, within } from '../harness/until.ts';

/** nginx with `reuseport`, in a directory of its own that goes with it. */
export interface Nginx extends AsyncDisposable {
  readonly port: number;
  readonly pids: readonly number[];
}

/** Where an nginx is, when there is one; its version, or why there is none. */
export interface NginxBinary extends AsyncDisposable {
  readonly path: string | undefined;
  readonly about: string;
}

/** The one of this machine; else Debian's, unpacked into a directory and not installed, which goes at the end. */
export async function findNginx(): Promise<NginxBinary> {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  const installed = places.map((place) => join(place, 'nginx')).find((path) => existsSync(path));
  if (installed !== undefined) return described(installed, async () => undefined);
  const directory = mkdtempSync(join(tmpdir(), 'portherd-nginx-'));
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const download = (): Promise<unknown> => run('apt-get', ['download', 'nginx'], directory);
    // Without lists of packages there is nothing to choose from; only root may fetch them.
    await download().catch(async () => {
      await run('apt-get', ['update'], directory);
      await download();
    });
    await run('sh', ['-c', 'dpkg -x nginx_*.deb .'], directory);
    return await described(join(directory, 'usr/sbin/nginx'), remove);
  } catch (thrown) {
    await remove();
    const about = `no nginx here, nor could Debian’s be fetched: ${String(thrown).split('\n', 2).join(' ')}`;
    return { path: undefined, about, [Symbol.asyncDispose]: async () => undefined };
  }
}

async function described(path: string, dispose: () => Promise<void>): Promise<NginxBinary> {
  const { stderr } = await run(path, ['-v'], tmpdir());
  return { path, about: stderr.replace(/^.*: /s, '').trim(), [Symbol.asyncDispose]: dispose };
}

/** Also `apt-get update` is done within a minute, or not at all. */
function run(command: string, args: readonly string[], cwd: string): Promise<{ stderr: string }> {
  return promisify(execFile)(command, [...args], { cwd, timeout: 60_000 });
}

export async function startNginx(path: string, workers: number): Promise<Nginx> {
  const directory = mkdtempSync(join(tmpdir(), 'portherd-nginx-'));
  const port = await freePort();
  await writeFile(join(directory, 'nginx.conf'), configText(port, workers));
  const args = ['-p', directory, '-c', 'nginx.conf', '-e', join(directory, 'error.log')];
  const child = spawn(path, args, { stdio: ['ignore', 'ignore', 'inherit'], detached: true });
  const exited = once(child, 'exit');
  const master = child.pid ?? 0;
  const end = async (): Promise<void> => {
    child.kill('SIGTERM');
    // A worker that is stopped by a signal ends at no other.
    if ((await within(5_000, exited)) === undefined) process.kill(-master, 'SIGKILL');
    await exited;
    await rm(directory, { recursive: true });
  };
  try {
    const pids = await until(async () => (await getText(port)) === 'ok' && childrenOf(master, workers), {
      what: `nginx with ${workers} workers`,
    });
    return { port, pids, [Symbol.asyncDispose]: end };
  } catch (thrown) {
    await end();
    throw thrown;
  }
}

/** The master forks them one after the other, with rising pids but for a wrap. */
function childrenOf(master: number, count: number): readonly number[] | undefined {
  const pids = processesOf(master);
  return pids.length === count ? pids : undefined;
}

function processesOf(parent: number): readonly number[] {
  return allPids().filter((pid) => statOf(pid)?.ppid === parent);
}

function configText(port: number, workers: number): string {
  return `
    daemon off; user root; pid nginx.pid; worker_processes ${workers};
    events { worker_connections 4096; }
    http {
      access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
      scgi_temp_path scgi;
      server { listen 127.0.0.1:${port} reuseport; location / { return 200 ok; } }
    }`;
}
