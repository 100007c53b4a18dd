import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** The Node versions that workers are tested on: the oldest supported, the one portherd itself runs on, the newest. */
export const nodeNames = ['22', '24', '26'] as const;

export type NodeName = (typeof nodeNames)[number];

const root = resolve(import.meta.dirname, '../..');

const versions = { '22': '22.23.3', '24': undefined, '26': '26.10.0' } as const;

/** Absolute path of the binary; undefined when it could not be fetched (`prepareNodes` has said why). */
export function nodeBinary(name: NodeName): string | undefined {
  const path = binaryOf(name);
  return existsSync(path) ? path : undefined;
}

/** Fetches what is missing into `.nodes/`, once; a version that cannot be fetched is named and left out. */
export async function prepareNodes(): Promise<void> {
  for (const name of nodeNames) {
    if (nodeBinary(name) !== undefined) continue;
    try {
      await fetchNode(name);
    } catch (thrown) {
      console.warn(
        `Node ${name} could not be fetched, its tests are skipped: ${String(thrown).split('\n', 2).join(' ')}`,
      );
    }
  }
}

/** The npm packages that hold nothing but a node binary. Installed aside and renamed, so that half of one is never found. */
async function fetchNode(name: NodeName): Promise<void> {
  const target = homeOf(name);
  await mkdir(dirname(target), { recursive: true });
  const aside = await mkdtemp(`${target}.`);
  try {
    const what = `${packageName}@${versions[name]}`;
    const flags = ['--prefix', aside, '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
    await promisify(execFile)('npm', ['install', ...flags, what], { timeout: 180_000, cwd: aside });
    await rm(target, { recursive: true, force: true });
    await rename(aside, target);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

function binaryOf(name: NodeName): string {
  if (name === '24') return join(root, 'node_modules/node/bin/node');
  return join(homeOf(name), 'node_modules', packageName, 'bin/node');
}

function homeOf(name: NodeName): string {
  return join(root, '.nodes', `${versions[name]}-${process.arch}`);
}

const packageName = `node-linux-${process.arch}`;
