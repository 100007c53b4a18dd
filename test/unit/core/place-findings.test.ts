import { expect, test } from 'vitest';
import { judge } from '../../../src/core/findings/judge.ts';
import {
  type Case,
  expectFinding,
  controlSocket,
  disk,
  healthy,
  logDir,
  port,
  program,
  programs,
  runDir,
  running,
} from './healthy-facts.ts';

const unseen = { is: 'unreachable', why: 'denied' } as const;

/** What `portherd doctor` says of files and ports: each branch. */
const cases: readonly Case[] = [
  ['no run directory', { runDir: { is: 'missing', path: '/x/y', mayCreate: true } }, 'ok', 'run directory', /will be/],
  [
    'no way to one',
    { runDir: { is: 'missing', path: '/x', mayCreate: false } },
    'failure',
    'run directory',
    /not create/,
    /-s/,
  ],
  ['a hidden one', { runDir: { is: 'unseen', path: '/x', why: 'EACCES' } }, 'failure', 'run directory', /EACCES/, /-s/],
  ['a linked one', runDir({ kind: 'symlink' }), 'failure', 'run directory', /symbolic link/, /real/],
  ['a file in its place', runDir({ kind: 'other' }), 'failure', 'run directory', /not a directory/, /-s/],
  ['somebody else’s', runDir({ uid: 33 }), 'failure', 'run directory', /belongs to uid 33, not 1000/, /-s/],
  [
    'that of another user’s daemon',
    { daemon: { ...running, uid: 33 }, ...runDir({ uid: 33 }) },
    'ok',
    'run directory',
    /0700/,
  ],
  [
    'that of a daemon that hides',
    { daemon: { ...running, uid: undefined }, ...runDir({}) },
    'ok',
    'run directory',
    /0700/,
  ],
  ['an open one', runDir({ mode: 0o755 }), 'failure', 'run directory', /mode 0755/, /chmod 0700 \/run\/p/],
  ['a full one', runDir({ freeBytes: 12_345 }), 'failure', 'run directory', /12 KB free/, /Make room/],
  ['one that does not tell', runDir({ freeBytes: undefined }), 'ok', 'run directory', /0700/],
  ['a file for a socket', controlSocket({ socket: false }), 'failure', 'control socket', /in the way/, /Remove/],
  [
    'a socket for all',
    { daemon: running, ...controlSocket({ mode: 0o666 }) },
    'warning',
    'control socket',
    /0666/,
    /0600/,
  ],
  ['a socket', { daemon: running, ...controlSocket({ mode: 0o660 }) }, 'ok', 'control socket', /c\.sock, 0660/],
  [
    'a hidden socket',
    { controlSocket: { is: 'unseen', path: '/x/c.sock', why: 'EACCES' } },
    'warning',
    'control socket',
    /EACCES/,
    /root/,
  ],
  [
    'logs that cannot be',
    logDir({ writable: false, why: 'EROFS' }),
    'failure',
    'log directory',
    /EROFS/,
    /LogsDirectory/,
  ],
  ['a silent disk', logDir({ disk: undefined, why: 'no answer' }), 'warning', 'log disk', /no answer/, /df/],
  ['a full disk', logDir({ disk: disk({ freeBytes: 2 ** 20 }) }), 'failure', 'log disk', /1 MB free/, /room/],
  ['a nearly full disk', logDir({ disk: disk({ freeBytes: 2 ** 28 }) }), 'warning', 'log disk', /256 MB/, /room/],
  ['tmpfs', logDir({ disk: disk({ kind: 'tmpfs', collapses: false }) }), 'warning', 'log disk', /^tmpfs/, /ext4/],
  ['an untried disk', logDir({ disk: disk({ collapses: undefined }) }), 'ok', 'log disk', /could not be tried/],
  [
    'a wrong config',
    { config: { is: 'wrong', path: 'p.yaml', message: 'p.yaml:1:1: no', advice: 'See.' }, ports: [] },
    'failure',
    'config',
    /p\.yaml:1:1/,
    /See/,
  ],
  ['a good config', {}, 'ok', 'config', /portherd\.yaml: good, 1 program$/],
  ['two programs', programs(program({}), program({ name: 'api' })), 'ok', 'config', /2 programs/],
  ['a free port', {}, 'ok', 'port 8080', /^web, ::: free$/],
  ['a new port', { daemon: running }, 'ok', 'port 8080', /does not serve it/],
  ['our port', { daemon: running, ports: [port({ ours: 4 })] }, 'ok', 'port 8080', /the daemon’s, 4 listeners/],
  ['our only slot', { daemon: running, ports: [port({ ours: 1 })] }, 'ok', 'port 8080', /1 listener$/],
  ['a taken port', { ports: [port({ others: 'pid 3 (nginx)' })] }, 'failure', 'port 8080', /held by pid 3/, /Stop/],
  [
    'a stranger in the group',
    { daemon: running, ports: [port({ ours: 4, others: 'pid 3 (nginx)' })] },
    'warning',
    'port 8080',
    /beside the daemon pid 3 \(nginx\)/,
    /Stop/,
  ],
  [
    'a forbidden port',
    { ports: [port({ port: 80, refusal: { message: 'may not be bound', advice: 'CAP_NET' } })] },
    'failure',
    'port 80',
    /may not be bound/,
    /CAP_NET/,
  ],
  [
    'a port that an unseen daemon may hold',
    { daemon: unseen, ports: [port({ others: 'a process of uid 0' })] },
    'warning',
    'port 8080',
    /maybe the daemon/,
    /root/,
  ],
  [
    'ports of a dead daemon’s workers',
    { ports: [port({ left: 2 })] },
    'ok',
    'port 8080',
    /2 workers of a daemon that died/,
  ],
  ['the port of one', { ports: [port({ left: 1 })] }, 'ok', 'port 8080', /1 worker of/],
  [
    'the run directory of an unseen daemon',
    { daemon: unseen, ...runDir({ uid: 0 }) },
    'warning',
    'run directory',
    /uid 0/,
    /root/,
  ],
  [
    'its logs',
    { daemon: unseen, ...logDir({ writable: false, why: 'EACCES' }) },
    'warning',
    'log directory',
    /EACCES/,
    /root/,
  ],
];

test.for(cases)('%s', expectFinding);

test('of a dead daemon’s socket there is nothing to say but that it is dead', () => {
  const findings = judge({ ...healthy, daemon: { is: 'dead', left: 0 }, ...controlSocket({ mode: 0o666 }) });
  expect(findings.map(({ subject }) => subject)).not.toContain('control socket');
});
