import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { failure } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';

/**
 * Users and groups by name or number. /etc/passwd and /etc/group are read; who is not in them is asked for with getent(1), which also knows
 * directory services. Nothing is remembered: a user may be made while the daemon runs.
 */
export interface Account {
  /** Undefined: the daemon's own stays. */
  readonly uid: number | undefined;
  readonly gid: number;
  /** Of whom the supplementary groups are; undefined when the database has no such user, who then is in none. */
  readonly name: string | undefined;
}

/**
 * Undefined when it is what the daemon is anyway, which needs no privilege (supervisord thinks so, too).
 * Errors: NO_ACCOUNT, and NOT_PRIVILEGED when the daemon is not root.
 */
export function accountOf(user: string | undefined, group: string | undefined): Result<Account | undefined> {
  const asked = findAccount(user, group);
  if (!asked.ok || asked.value === undefined) return asked;
  const { uid, gid } = asked.value;
  const [ownUid, ownGid] = [process.geteuid?.(), process.getegid?.()];
  if ((uid === undefined || uid === ownUid) && (gid === ownGid || group === undefined)) return ok(undefined);
  if (ownUid === 0) return asked;
  const wanted = user === undefined ? `group ${group}` : `user ${user}`;
  return err(failure('NOT_PRIVILEGED', `only root can start workers as ${wanted}; this daemon has uid ${ownUid}`));
}

/** The uid alone, for recognising a worker; undefined when there is no such user. */
export function uidOf(user: string): number | undefined {
  const entry = entryOf('passwd', user);
  return entry === undefined ? numberIn(user) : Number(entry[2]);
}

function findAccount(user: string | undefined, group: string | undefined): Result<Account | undefined> {
  if (user === undefined && group === undefined) return ok(undefined);
  const entry = user === undefined ? undefined : entryOf('passwd', user);
  const uid = user === undefined ? undefined : entry === undefined ? numberIn(user) : Number(entry[2]);
  if (user !== undefined && uid === undefined) return err(failure('NO_ACCOUNT', `there is no user ${user}`));
  const ownGroup = entry === undefined ? undefined : Number(entry[3]);
  const gid = group === undefined ? ownGroup : gidOf(group);
  if (gid !== undefined) return ok({ uid, gid, name: entry?.[0] });
  if (group !== undefined) return err(failure('NO_ACCOUNT', `there is no group ${group}`));
  return err(failure('NO_ACCOUNT', `uid ${user} has no entry among the users`, 'Write its group, too.'));
}

function gidOf(group: string): number | undefined {
  const entry = entryOf('group', group);
  return entry === undefined ? numberIn(group) : Number(entry[2]);
}

/** passwd(5) and group(5): name, password, number, … */
function entryOf(database: 'passwd' | 'group', asked: string): readonly string[] | undefined {
  const among = (text: string): readonly string[] | undefined =>
    text
      .split('\n')
      .map((line) => line.split(':'))
      .find(([name, , id]) => name === asked || id === asked);
  return among(readFile(`/etc/${database}`)) ?? among(getent(database, asked));
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // a container without it: getent's word counts
  }
}

/** Empty when there is none, or no getent. A directory service that does not answer must not hold the daemon up. */
function getent(database: string, key: string): string {
  try {
    return execFileSync('getent', [database, key], { encoding: 'utf8', timeout: getentMsMax, stdio: 'pipe' });
  } catch {
    return '';
  }
}

/** A local answer takes 2 ms. */
const getentMsMax = 1_000;

function numberIn(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
