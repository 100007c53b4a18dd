import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../shared/errors.ts';
import { stateBytesMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { StateFile } from '../supervisor/ports-survival.ts';

/**
 * `state.json` in the run directory: a head line that proves the rest, then the state on one line. It is replaced by rename(2), so
 * a reader never meets half of one; it is not synced, because what it tells of does not outlive the machine's boot either.
 */
interface Head {
  readonly format: 'portherd state';
  readonly version: number;
  /** /proc/sys/kernel/random/boot_id: pids and times of another boot mean nothing. */
  readonly boot: string;
  readonly sha256: string;
}

/** Counts up with every change of what the state holds (saved-state.ts); a state of another version is set aside. */
const stateVersion = 1;

export function createStateFile(runDir: string): StateFile {
  const path = pathIn(runDir);
  const next = `${path}.next`;
  return {
    save(state) {
      const body = JSON.stringify(state);
      const head: Head = { format: 'portherd state', version: stateVersion, boot: bootId(), sha256: digest(body) };
      try {
        writeFileSync(next, `${JSON.stringify(head)}\n${body}\n`, { mode: 0o600 });
        renameSync(next, path);
        return ok();
      } catch (thrown) {
        // A full disk is told without saying which (write(2) knows no path).
        const why = messageOf(thrown);
        return err(why.includes(next) ? why : `${next}: ${why}`);
      }
    },
    forget: () => rmSync(path, { force: true }),
  };
}

/**
 * What the last supervisor of this run directory left; undefined when it ended in order. A file that cannot be trusted (torn, of
 * another boot or version, somebody else's) is renamed to `state.json.aside`; the error says what is wrong with it.
 */
export function recallState(runDir: string): Result<unknown, string> {
  const path = pathIn(runDir);
  const read = readState(path);
  if (read.ok) return read;
  const aside = `${path}.aside`;
  try {
    renameSync(path, aside);
    return err(`${read.error}; it is kept as ${aside}`);
  } catch (thrown) {
    return err(`${read.error}; it cannot be set aside: ${messageOf(thrown)}`);
  }
}

function readState(path: string): Result<unknown, string> {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return ok(undefined);
    if (!stat.isFile()) return err(`${path} is no regular file`);
    if (stat.uid !== process.geteuid?.()) return err(`${path} belongs to uid ${stat.uid}`);
    if (stat.size > stateBytesMax) return err(`${path} has ${stat.size} bytes, more than any state`);
    const [head = '', body = ''] = readFileSync(path, 'utf8').split('\n');
    const wrong = mistrust(head, body);
    return wrong === undefined ? ok(JSON.parse(body)) : err(`${path} ${wrong}`);
  } catch (thrown) {
    return err(`cannot read ${path}: ${messageOf(thrown)}`);
  }
}

function mistrust(headLine: string, body: string): string | undefined {
  const head = parseHead(headLine);
  if (head?.format !== 'portherd state') return 'is not a state of portherd';
  if (head.version !== stateVersion) return `is of version ${head.version}; this portherd reads ${stateVersion}`;
  if (head.boot !== bootId()) return 'is of another boot of this machine';
  return head.sha256 === digest(body) ? undefined : 'is torn: its checksum does not match';
}

function parseHead(line: string): Partial<Head> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function pathIn(runDir: string): string {
  return join(runDir, 'state.json');
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A container has its machine's; its pids are new with each start, and every process in the state is proved by its start time too. */
function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return boot;
}

let boot: string | undefined;
