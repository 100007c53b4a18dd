import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { groupMembers } from '../../../src/linux/procfs.ts';
import type { HookStatus } from '../../../src/protocol/control-hooks.ts';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { fixtureApps } from '../../harness/daemon-config.ts';
import { freePort } from '../../harness/free-port.ts';
import { HookReceiver } from '../../harness/hook-receiver.ts';
import { zombiesOf } from '../../harness/puppet.ts';
import { until } from '../../harness/until.ts';

/** Commands and URLs that are told of events, by a real daemon; what they do to it when they misbehave. */

const programs = `programs:
  web: { command: [${process.execPath}, target-plain.cjs], directory: ${fixtureApps}, workers: 2, listen: [{ port: $port1, host: 127.0.0.1 }] }
  bad: { command: [${process.execPath}, bad-throws-at-boot.cjs], directory: ${fixtureApps}, workers: 1, startRetries: 0, autostart: false }
  loop: { command: 'false', workers: 1, autostart: false, startRetries: 1000, backoff: { initial: 10ms, max: 10ms } }
`;

const noteCommand = join(fixtureApps, '../hooks/note.cjs');
const soon = 'backoff: { initial: 50ms, max: 100ms }';

test('a hook is told what it asked for, tried again as long as that may help, and nothing of it outlives the daemon', async () => {
  await using receiver = await HookReceiver.listen();
  const { url } = receiver;
  await using daemon = await startDaemon({
    programs: `${programs}hooks:
  flaky: { events: [fatal, started], programs: [bad], url: "${url.replace('//', '//u:p%40@')}/flaky?key=%(ENV_HOOK_KEY)s", headers: { x-token: "%(ENV_HOOK_KEY)s" }, ${soon} }
  silent: { events: [fatal], url: "${url}/silent", timeout: 200ms, retries: 1, ${soon} }
  refused: { events: [fatal], url: "http://127.0.0.1:${await freePort()}/secret", retries: 1, ${soon} }
  away: { events: [fatal], url: "${url}/away" }
  endless: { events: [fatal], url: "${url}/endless" }
  notes: { events: [started, fatal, stopped, shuttingDown], command: [${process.execPath}, ${noteCommand}] }
  slow: { events: [fatal], command: [sh, -c, "trap '' TERM; sleep 1000 & echo $$ > slow.pid; echo one moment >&2; sleep 1000"], timeout: 2s, retries: 0 }
  missing: { events: [fatal], command: no-such-command secret, retries: 1, ${soon} }
  flood: { events: [fatal], command: [head, -c, "9000000", /dev/zero], retries: 0 }
  floodErrors: { events: [fatal], command: [sh, -c, "yes too much >&2"], retries: 0 }
  stuck: { events: [all], programs: [loop], url: "${url}/silent", timeout: 10m, queue: 5 }
`,
    // As if it were itself a worker of another portherd.
    env: { HOOK_KEY: 'secret', PORTHERD_CHANNEL: '/other/channel.sock', PORTHERD_TOKEN: 'secret' },
    wait: 'answers',
  });
  await until(async () => (await daemon.pids('web')).length === 2, { what: 'two workers' });
  const workers = await daemon.pids('web');
  expect((await daemon.ctl('start', 'bad')).exitCode).toBe(7);

  // The receivers, good and bad.
  const settled = await hooksWhen(daemon, (hooks) => hooks.every(({ queued }) => queued === 0));
  expect(settled).toMatchObject({
    flaky: { delivered: 1, failed: 0, failures: 0, lastError: { event: 'fatal', why: 'answered 500' } },
    silent: { delivered: 0, failed: 1, failures: 2, lastError: { why: 'no answer after 200ms' } },
    refused: { failed: 1, failures: 2, lastError: { why: expect.stringMatching(/^connect ECONNREFUSED 127/) } },
    away: { failed: 1, failures: 1, lastError: { why: 'answered 307; redirects are not followed' } },
    endless: { delivered: 1 },
    notes: { delivered: 2, failed: 0 },
    slow: { failed: 1, lastError: { why: 'not done after 2s: one moment' } },
    missing: { failed: 1, failures: 2, lastError: { why: expect.stringMatching(/^no `no-such-command` in PATH/) } },
    flood: { delivered: 1 },
    floodErrors: {
      failed: 1,
      lastError: { why: expect.stringMatching(/^exit status 141: too much \| too much \| [a-z ]*$/) },
    },
  });
  expect(receiver.at('/taken')).toEqual([]);
  const [first, second, third, ...more] = receiver.at('/flaky');
  expect(more).toEqual([]);
  expect(first?.body).toEqual({
    event: 'fatal',
    program: 'bad',
    slot: 0,
    why: expect.stringMatching(/^exit status 1/),
    text: expect.stringMatching(/^bad:0 on \S+: fatal: exit status 1/),
    time: expect.stringMatching(/^2\d{3}-.*Z$/),
    host: expect.any(String),
    hook: 'flaky',
    id: expect.stringMatching(/-\d+$/),
    attempt: 1,
    portherd: { pid: daemon.pid, version: expect.any(String) },
  });
  expect([second?.body, third?.body]).toEqual([2, 3].map((attempt) => ({ ...first?.body, attempt })));
  expect(third?.headers).toMatchObject({
    'content-type': 'application/json',
    'x-token': 'secret',
    authorization: `Basic ${btoa('u:p@')}`,
  });
  // A command: what it hears, and what it has of ours: its own pipes (libuv makes sockets of them), no slot's, and no worker's secret.
  const notes = await notesOf(daemon);
  expect(notes.map(({ body }) => body['event'])).toEqual(['started', 'fatal']);
  expect(notes[1]).toMatchObject({
    lines: 1,
    env: { PORTHERD_EVENT: 'fatal', PORTHERD_PROGRAM: 'bad', PORTHERD_SLOT: '0', PORTHERD_SOCKET: daemon.socket },
  });
  for (const { env, fds, body } of notes) {
    expect(body['portherd']).toEqual({ pid: daemon.pid, version: expect.any(String) });
    expect(Object.keys(env)).not.toContain('PORTHERD_CHANNEL');
    expect(Object.keys(env)).not.toContain('PORTHERD_TOKEN');
    expect(fds).toEqual(['0', '2']);
  }
  // Nothing of a command that took too long is left, though it ignores SIGTERM; all have been reaped.
  const slow = Number(await readFile(join(daemon.directory, 'slow.pid'), 'utf8'));
  // What was killed with its group is nobody's child: the kernel may still be taking it apart.
  await until(() => groupMembers(slow).length === 0, {
    what: 'the group to be gone',
    explain: () => groupMembers(slow),
  });
  await until(() => zombiesOf(daemon.pid).length === 0, { what: 'every child to be reaped' });
  await until(() => daemon.processes().length === 1 + workers.length, {
    what: 'only the workers to be left',
    explain: () => daemon.processes(),
  });
  expect(new Set(daemon.processes().map(({ pid }) => pid))).toEqual(new Set([daemon.pid, ...workers]));

  // By hand.
  expect(await daemon.ctl('hooks', 'test', 'notes')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^notes: delivered \S+-\d+ in /),
  });
  expect(await daemon.ctl('hooks', 'test', 'away')).toMatchObject({
    exitCode: 1,
    stdout: 'away: answered 307; redirects are not followed\n',
  });
  expect((await daemon.ctl('hooks', 'test', 'nope')).exitCode).toBe(1);
  expect((await daemon.ctl('hooks', 'try')).exitCode).toBe(2);
  const table = (await daemon.ctl('hooks')).stdout;
  expect(table).toMatch(/^HOOK +TELLS +STATE +QUEUED +DELIVERED +FAILED +DROPPED +LAST ERROR$/m);
  expect(table).toMatch(
    /^flaky +http:\/\/127.0.0.1:\d+\/… +idle +0 +1 +0 +0 +0:00:\d\d ago, fatal: answered 500, works again$/m,
  );

  // Each trouble is told of once.
  for (const kind of ['hookFailing', 'hookGaveUp'])
    for (const hook of ['silent', 'refused', 'missing'])
      expect(daemon.log.filter((line) => line.event === kind && line['hook'] === hook)).toHaveLength(1);
  expect(daemon.log.filter(({ event }) => event === 'hookRecovered')).toMatchObject([{ hook: 'flaky', lost: 0 }]);
  expect(daemon.log.filter(({ event }) => event === 'hookUnusable')).toMatchObject([{ hook: 'missing' }]);

  // A storm of events, at a hook that hangs: the daemon answers at once, and keeps five.
  const before = rssOf(daemon.pid);
  expect((await daemon.ctl('start', 'loop')).exitCode).toBe(7);
  await hooksWhen(daemon, (hooks) => (hooks.find(({ name }) => name === 'stuck')?.dropped ?? 0) > 60);
  const asked = performance.now();
  await daemon.status();
  expect(performance.now() - asked).toBeLessThan(5_000);
  expect((await hooksWhen(daemon, () => true))['stuck']).toMatchObject({ state: 'sending', queued: 6, delivered: 0 });
  expect(rssOf(daemon.pid) - before).toBeLessThan(48 * 1024);
  expect((await daemon.ctl('stop', 'loop')).exitCode).toBe(0);
  expect(daemon.log.filter(({ event }) => event === 'hookDropped')).toHaveLength(1);

  // The next image of the daemon goes on with what waits, and its hooks inherit nothing either; with another one after a crash it is gone.
  expect(await daemon.ctl('reload')).toMatchObject({ exitCode: 0 });
  expect((await hooksWhen(daemon, (hooks) => hooks.length === 11))['stuck']).toMatchObject({ queued: 6, delivered: 0 });
  expect((await daemon.ctl('hooks', 'test', 'notes')).exitCode).toBe(0);
  expect((await notesOf(daemon)).at(-1)).toMatchObject({ fds: ['0', '2'], body: { event: 'test' } });
  expect(await daemon.pids('web')).toEqual(workers);

  // Other hooks, by SIGHUP: no worker notices.
  await daemon.rewrite({
    programs: `${programs}hooks:
  notes: { events: [stopped, shuttingDown], command: [${process.execPath}, ${noteCommand}], retries: 0 }
  added: { events: [stopped, configDiffers], programs: [web], url: "${url}/added" }
`,
  });
  expect((await daemon.ctl('reread')).stdout).toMatch(
    /^hook added: available$[^]*^hook flaky: disappeared$[^]*^hook notes: changed$/m,
  );
  expect((await daemon.ctl('update', '--dry-run')).stdout).toMatch(/^hook stuck: would be removed$/m);
  daemon.kill('SIGHUP');
  await daemon.waitForLog('updated');
  await daemon.waitForLog('hookLeft', ({ hook, events }) => hook === 'stuck' && events === 6);
  expect(Object.keys(await hooksWhen(daemon, () => true))).toEqual(['notes', 'added']);

  // A daemon that was killed has those that it had, whatever the file says by now.
  const text = await readFile(daemon.configFile, 'utf8');
  await writeFile(daemon.configFile, 'hooks: {');
  expect(daemon.output).not.toContain('secret');
  await daemon.succeed('answers');
  await daemon.waitForLog('configUnusable');
  expect(Object.keys(await hooksWhen(daemon, (hooks) => hooks.length === 2))).toEqual(['notes', 'added']);
  expect(await daemon.pids('web')).toEqual(workers);
  await writeFile(daemon.configFile, text);

  // What stops at the end is told.
  daemon.kill('SIGTERM');
  expect(await daemon.exited).toEqual({ code: 0, signal: null });
  expect((await notesOf(daemon)).slice(-3).map(({ body }) => body['event'])).toEqual([
    'shuttingDown',
    'stopped',
    'stopped',
  ]);
  expect(receiver.at('/added').map(({ body }) => [body['event'], body['program']])).toEqual([
    ['stopped', 'web'],
    ['stopped', 'web'],
  ]);
  expect(daemon.processes()).toEqual([]);
  expect(daemon.output).not.toContain('secret');
});

/** By name, as soon as they are so. */
async function hooksWhen(
  daemon: Daemon,
  predicate: (hooks: readonly HookStatus[]) => boolean,
): Promise<Record<string, HookStatus>> {
  let seen: readonly HookStatus[] = [];
  await until(
    async () => {
      ({ hooks: seen } = (await daemon.api('GET', '/v1/hooks')).json());
      return predicate(seen);
    },
    { what: 'the hooks to be so', deadline: 40_000, explain: () => seen },
  );
  return Object.fromEntries(seen.map((hook) => [hook.name, hook]));
}

interface Note {
  readonly lines: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string>>;
  readonly fds: readonly string[];
}

async function notesOf(daemon: Daemon): Promise<readonly Note[]> {
  const text = await readFile(join(daemon.directory, 'notes.ndjson'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** KiB */
function rssOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
