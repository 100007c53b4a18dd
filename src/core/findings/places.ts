import { failed, type Finding, okay, warning } from '../../shared/finding.ts';
import type { Facts } from './facts.ts';
import { askItsUser } from './unseen.ts';

/** The daemon's files: who may touch them, and whether there is room. */
export function placeFindings(facts: Facts): readonly Finding[] {
  return [runDir(facts), ...controlSocket(facts), logDir(facts), ...disk(facts)];
}

function runDir(facts: Facts): Finding {
  const subject = 'run directory';
  const { runDir: its } = facts;
  switch (its.is) {
    case 'missing':
      if (its.mayCreate) return okay(subject, `${its.path} will be created`);
      return failed(subject, `${its.path} is missing, and this user may not create it`, elsewhere);
    case 'unseen':
      return failed(subject, `${its.path}: ${its.why}`, elsewhere);
    case 'there': {
      if (its.kind === 'symlink') return failed(subject, `${its.path} is a symbolic link`, 'Make it a real directory.');
      if (its.kind === 'other') return failed(subject, `${its.path} is not a directory`, elsewhere);
      const owner = ownerOf(facts);
      if (its.uid !== owner && facts.daemon.is === 'unreachable') {
        return warning(subject, `${its.path} belongs to uid ${its.uid}, which may run the daemon`, askItsUser);
      }
      if (its.uid !== owner) return failed(subject, `${its.path} belongs to uid ${its.uid}, not ${owner}`, elsewhere);
      if ((its.mode & 0o077) !== 0) {
        return failed(subject, `${its.path} has mode ${octal(its.mode)}: others may enter`, `chmod 0700 ${its.path}`);
      }
      if (its.freeBytes !== undefined && its.freeBytes < stateBytes) {
        const text = `${its.path}: ${Math.floor(its.freeBytes / 1024)} KB free, too little for the daemon’s state`;
        return failed(subject, text, 'Make room on its file system; until then a reload is refused.');
      }
      return okay(subject, `${its.path}, ${octal(its.mode)}`);
    }
  }
}

/** The state of 512 slots in the middle of a roll; most need some 10 KB. */
const stateBytes = 1024 * 1024;

const elsewhere = 'Name another with -s, or supervisor.runDir; under systemd RuntimeDirectory= makes one.';

function controlSocket(facts: Facts): readonly Finding[] {
  const subject = 'control socket';
  const { controlSocket: its, daemon } = facts;
  if (its.is === 'missing') return [];
  if (its.is === 'unseen') return [warning(subject, `${its.path}: ${its.why}`, askItsUser)];
  if (!its.socket) return [failed(subject, `${its.path} is in the way: it is not a socket`, 'Remove it.')];
  if (daemon.is === 'dead') return [];
  if ((its.mode & 0o002) !== 0) {
    const text = `${its.path} has mode ${octal(its.mode)}: everybody who can reach it commands the daemon`;
    return [warning(subject, text, 'Set supervisor.controlSocket.mode to 0600, or 0660 for a group.')];
  }
  return [okay(subject, `${its.path}, ${octal(its.mode)}`)];
}

function logDir({ logDir: { path, writable, why }, daemon }: Facts): Finding {
  const subject = 'log directory';
  if (writable) return okay(subject, path);
  if (daemon.is === 'unreachable') return warning(subject, `${path}: ${why}`, askItsUser);
  const cure = 'Create it for this user, or set supervisor.logDir; under systemd LogsDirectory= makes one.';
  return failed(subject, `${path} cannot be written: ${why}`, cure);
}

const megabyte = 1024 * 1024;

/** Below this a busy log is minutes from the end; some crash reports and releases need as much. */
const littleBytes = 512 * megabyte;
const nothingBytes = 16 * megabyte;

function disk({ logDir: { path, disk: its, why } }: Facts): readonly Finding[] {
  const subject = 'log disk';
  if (its === undefined) {
    return [warning(subject, `of ${path} is not known: ${why}`, 'Look whether its file system answers (`df`).')];
  }
  const free = `${Math.floor(its.freeBytes / megabyte)} MB free`;
  const room = 'Make room, or set supervisor.logDir to a larger disk.';
  if (its.freeBytes < nothingBytes) return [failed(subject, `${its.kind}, ${free}`, room)];
  if (its.freeBytes < littleBytes) return [warning(subject, `${its.kind}, ${free}`, room)];
  if (its.collapses === false) {
    const text = `${its.kind}, ${free}; it cannot cut the beginning off a file that is being written`;
    return [warning(subject, text, 'Put supervisor.logDir on ext4 or xfs, where rotation loses no line.')];
  }
  const tried = its.collapses === undefined ? '; whether it can be rotated without loss could not be tried' : '';
  return [okay(subject, `${its.kind}, ${free}${tried}`)];
}

/** The running daemon's, else ours: root may look after a daemon of another user. */
function ownerOf({ daemon, uid }: Facts): number {
  return daemon.is === 'running' && daemon.uid !== undefined ? daemon.uid : uid;
}

function octal(mode: number): string {
  return `0${mode.toString(8)}`;
}
