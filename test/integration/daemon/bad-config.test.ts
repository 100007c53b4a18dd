import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startDaemon } from '../../harness/daemon.ts';
import { runPortherd } from '../../harness/portherd-command.ts';
import { puppet } from '../../harness/puppet.ts';

/** The same mistakes at each of the doors: run and check refuse them with 2, reread and update with 1. */

const node = process.execPath;

/** Name, the file, and what must be said of it. */
const mistakes: readonly (readonly [string, string, RegExp])[] = [
  ['a YAML syntax error', 'programs:\n  web: {command: [node, app.js\n', /portherd\.yaml:\d+:\d+: /],
  [
    'an unknown key',
    `programs:\n  web:\n    command: ${node} app.js\n    worker: 2\n`,
    /portherd\.yaml:4:5: .*worker.*did you mean "workers"/,
  ],
  [
    'a wrong unit',
    `programs:\n  web:\n    command: ${node} app.js\n    stop: { drainTimeout: 30 }\n`,
    /portherd\.yaml:4:\d+: .*30s/,
  ],
  [
    'a port out of range',
    `programs:\n  web:\n    command: ${node} app.js\n    listen: [{ port: 70000 }]\n`,
    /portherd\.yaml:4:\d+: .*65535/,
  ],
  ['no program at all', 'supervisor: {}\n', /portherd\.yaml.*programs/],
  ['a missing script', `programs:\n  web:\n    command: ${node} gone.js\n`, /no script .*gone\.js/],
  ['a file that is not executable', 'programs:\n  web:\n    command: ./plain.sh\n', /plain\.sh is not executable/],
  ['a missing directory', `programs:\n  web:\n    command: ${node} app.js\n    directory: ./nowhere\n`, /nowhere/],
  [
    'a log in a missing directory',
    `programs:\n  web:\n    command: ${node} app.js\n    logs: { stderr: nowhere/a.log }\n`,
    /there is no directory .*nowhere \(logs\.stderr\)/,
  ],
];

/** What an update does not apply. */
const ofTheDaemon: typeof mistakes = [
  [
    'a password that cannot be read',
    `supervisor:\n  http: { port: 1, username: me, passwordFile: gone }\nprograms:\n  web:\n    command: ${node} app.js\n`,
    /supervisor\.http\.passwordFile: ENOENT/,
  ],
];

test.for([...mistakes, ...ofTheDaemon])('%s', async ([, text, said]) => {
  const directory = await mkdtemp(join(tmpdir(), 'portherd-bad-'));
  try {
    await writeFile(join(directory, 'plain.sh'), '#!/bin/sh\n');
    await chmod(join(directory, 'plain.sh'), 0o644);
    await writeFile(join(directory, 'app.js'), '');
    const file = join(directory, 'portherd.yaml');
    await writeFile(file, text);
    for (const command of ['run', 'check']) {
      const ran = await runPortherd([command, '-c', file, '-s', join(directory, 'run', 'control.sock')]);
      expect([command, ran.exitCode]).toEqual([command, 2]);
      expect(ran.stderr).toMatch(said);
      expect(ran.stderr).not.toMatch(/^ +at /m); // no stack
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('reread and update refuse each of them with 1, and what runs stays as it is', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  const pids = await daemon.pids('web');
  await writeFile(join(daemon.directory, 'plain.sh'), '#!/bin/sh\n', { mode: 0o644 });
  await writeFile(join(daemon.directory, 'app.js'), '');
  for (const [name, text, said] of mistakes) {
    await writeFile(daemon.configFile, text);
    for (const command of ['reread', 'update']) {
      const ran = await daemon.ctl(command);
      // What is wrong with files is not reread's business: it compares configs.
      if (command === 'reread' && !said.source.startsWith('portherd')) continue;
      expect([name, command, ran.exitCode, ran.stdout]).toEqual([name, command, 1, expect.stringMatching(said)]);
    }
    expect(await daemon.pids('web')).toEqual(pids);
  }
  await rm(daemon.configFile);
  expect(await daemon.ctl('update')).toMatchObject({ exitCode: 1 });
  daemon.kill('SIGHUP');
  await daemon.waitForLog('updateFailed');
  expect(await daemon.pids('web')).toEqual(pids);
});
