import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { serviceUnit, socketUnit, sweepUnit, unitNeeds, type UnitPlace } from '../../../src/config/service-unit.ts';
import { shippedUnits } from '../../../src/config/shipped-units.ts';
import { execLine, quoted, specifier } from '../../../src/config/unit-words.ts';
import { load } from './load-text.ts';

const folder = new URL('../../../systemd/', import.meta.url);
const command = ['/usr/bin/node', '/srv/portherd/dist/main.js'];

function unit(text: string, change: Partial<UnitPlace> = {}, make = serviceUnit): readonly string[] {
  const place: UnitPlace = {
    command,
    configFile: '/etc/portherd.yaml',
    name: 'portherd',
    unit: 'portherd.service',
    sweeper: 'portherd-sweep.service',
    description: 'portherd: web',
    manager: { is: 'system', user: 'portherd' },
    notifyReload: false,
    ...change,
  };
  return make(place, unitNeeds(load(text), place.command, '/etc/portherd.yaml')).split('\n');
}

const web = (more: string): string => `programs: { web: { command: node, workers: 4, ${more} } }`;
const plain = web('listen: [{ port: 8080 }]');

test.each(Object.entries(shippedUnits()))('systemd/%s is fresh (else: npm run gen)', (name, text) => {
  expect(readFileSync(new URL(name, folder), 'utf8')).toBe(text);
});

test('systemd/README.md explains every line of the units', () => {
  const readme = readFileSync(new URL('README.md', folder), 'utf8');
  const keys = Object.values(shippedUnits()).flatMap((text) =>
    [...text.matchAll(/^(\w+)=/gm)].map(([, key]) => key ?? ''),
  );
  const sandbox = keys.slice(keys.indexOf('NoNewPrivileges'), keys.indexOf('SystemCallErrorNumber') + 1);
  const obvious = ['Description', 'After', 'ExecStart', 'WantedBy', 'RuntimeDirectoryMode'];
  const explained = keys.filter((key) => sandbox.includes(key) || obvious.includes(key) || readme.includes(`${key}=`));
  expect(keys.filter((key) => !explained.includes(key))).toEqual([]);
});

describe('a unit of a config', () => {
  test('starts this node and this portherd with this file, and sweeps with the same', () => {
    const where = '-c /etc/portherd.yaml -s %t/portherd/control.sock';
    expect(unit(plain)).toContain(`ExecStart=/usr/bin/node /srv/portherd/dist/main.js run ${where}`);
    expect(unit(plain)).toEqual(
      expect.arrayContaining(['OnSuccess=portherd-sweep.service', 'OnFailure=portherd-sweep.service']),
    );
    const sweeper = unit(plain, {}, sweepUnit);
    expect(sweeper).toContain(`ExecStart=/usr/bin/node /srv/portherd/dist/main.js sweep ${where}`);
    expect(sweeper).toContain('ConditionPathExists=%t/portherd/state.json');
    const elsewhere = unit(`supervisor: { runDir: /srv/run }\n${plain}`, {}, sweepUnit);
    expect(elsewhere).toContain('ConditionPathExists=/srv/run/state.json');
    expect(elsewhere).toContain('ReadWritePaths=-/srv/run');
  });

  test('has a capability only for ports below 1024', () => {
    expect(unit(plain)).toContain('AmbientCapabilities=');
    expect(unit(plain)).toContain('CapabilityBoundingSet=');
    expect(unit(web('listen: [{ port: 80 }]'))).toContain('AmbientCapabilities=CAP_NET_BIND_SERVICE');
  });

  test('is root, with what that takes, only for programs with users of their own', () => {
    const other = unit(web('user: www-data'));
    expect(other).toEqual(
      expect.arrayContaining([
        'User=root',
        'AmbientCapabilities=',
        'CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_KILL CAP_SYS_PTRACE CAP_DAC_READ_SEARCH',
        'SystemCallFilter=pidfd_getfd sched_setaffinity @setuid capset',
      ]),
    );
    expect(unit(web('group: www-data'), {}, sweepUnit)).toContain('User=root');
    expect(unit(plain)).toContain('User=portherd');
  });

  test('lets workers be nicer, and less nice with a capability', () => {
    const calls = 'SystemCallFilter=pidfd_getfd sched_setaffinity setpriority';
    expect(unit(web('nice: 5'))).toEqual(expect.arrayContaining([calls, 'CapabilityBoundingSet=']));
    expect(unit(web('nice: -5'))).toEqual(expect.arrayContaining([calls, 'AmbientCapabilities=CAP_SYS_NICE']));
    expect(unit(plain)).toContain('SystemCallFilter=pidfd_getfd sched_setaffinity');
  });

  test('leaves the longest stop time, and room for twice the sockets, but for 64 at least', () => {
    const slow = web('listen: [{ port: 8080 }, { port: 8081 }], stop: { drainTimeout: 5m, killTimeout: 5s }');
    expect(unit(slow)).toContain('TimeoutStopSec=315');
    expect(unit(slow)).toContain('FileDescriptorStoreMax=64');
    expect(unit(slow.replace('workers: 4', 'workers: 100'))).toContain('FileDescriptorStoreMax=400');
    expect(unit(`${slow.replace('workers: 4', 'workers: 100').slice(0, -4)}, bind: worker } }`)).toContain(
      'FileDescriptorStoreMax=64',
    );
  });

  test('opens homes for reading only when something is there', () => {
    expect(unit(plain)).toContain('ProtectHome=yes');
    expect(unit(web('directory: /home/ann/shop'))).toContain('ProtectHome=read-only');
    const page = 'hooks: { page: { events: [all], command: /home/ann/page } }';
    expect(unit(`${page}\n${plain}`)).toContain('ProtectHome=read-only');
    expect(unit(plain, { command: ['/home/ann/.nvm/bin/node', '/srv/main.js'] })).toContain('ProtectHome=read-only');
  });

  test('may write where the config says that it writes', () => {
    const logs = web('logs: { stdout: /srv/log/web.log, stderr: /dev/null }');
    expect(unit(`supervisor: { logDir: "/srv/my logs", logFile: /srv/own/portherd.log }\n${logs}`)).toContain(
      'ReadWritePaths=/tmp /var/tmp "-/srv/my logs" -/srv/own -/srv/log',
    );
  });

  test('for systemd 253 reloads by Type, and not by ExecReload', () => {
    const lines = unit(plain, { notifyReload: true });
    expect(lines).toContain('Type=notify-reload');
    expect(lines.filter((line) => line.startsWith('ExecReload'))).toEqual([]);
  });

  test('for a user’s own manager has no user, no capabilities and no sandbox', () => {
    const text = unit(plain, { manager: { is: 'user' } }).join('\n');
    expect(text).toContain('WantedBy=default.target');
    expect(text).toContain('KillMode=process');
    expect(text).not.toMatch(/^(User|AmbientCapabilities|Protect\w+|SystemCallFilter)=/m);
  });
});

test('a socket unit has a line for each worker and port, on the config’s addresses', () => {
  const config = load(web('listen: [{ port: 80, backlog: 2000 }, { port: 81, host: 127.0.0.1 }]').replace('4', '2'));
  expect(socketUnit(config, 'ports', 'portherd.service')).toBe(`[Unit]
Description=ports

[Socket]
ListenStream=[::]:80
ListenStream=[::]:80
ListenStream=127.0.0.1:81
ListenStream=127.0.0.1:81
ReusePort=yes
BindIPv6Only=both
Backlog=2000
Service=portherd.service

[Install]
WantedBy=sockets.target
`);
});

test('words mean in a unit what they mean here', () => {
  expect(quoted('/srv/100%/a b"c\\d')).toBe(String.raw`"/srv/100%%/a b\"c\\d"`);
  expect(quoted('/srv/a\nUser=root')).toBe(String.raw`"/srv/a\nUser=root"`);
  expect(execLine(['/srv/$HOME', specifier('%t/x'), 'a;b', ';'])).toBe('/srv/$$HOME %t/x "a;b" ";"');
});
