import { execFileSync, spawnSync } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fakeControl, type FakeControl } from '../harness/fake-control.ts';
import { buildCtl, type Ctl } from '../harness/run-ctl.ts';
import { runCommand } from '../harness/running-command.ts';
import { programStatus, slotStatus, statusReply } from '../harness/status-fixture.ts';

/** The scripts of `portherdctl completion`, in the shells that they are for. A shell that is not there is skipped. */
let ctl: Ctl;
let daemon: FakeControl;

const web = programStatus('web', [slotStatus('web', 0), slotStatus('web', 1)]);
const avail = { programs: [{ name: 'new', inUse: false, autostart: true, priority: 9, workers: 1 }] };

beforeAll(async () => {
  ctl = await buildCtl();
  daemon = await fakeControl({ 'GET /v1/status': statusReply([web]), 'GET /v1/avail': avail });
  await symlink(ctl.file, join(ctl.directory, 'portherdctl'));
  for (const shell of ['bash', 'zsh', 'fish'])
    await writeFile(
      join(ctl.directory, `completion.${shell}`),
      execFileSync(process.execPath, [ctl.file, 'completion', shell]),
    );
});

afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  await ctl[Symbol.asyncDispose]();
});

/** The same lines for every shell: what is typed, and what Tab offers then. */
const offers: readonly (readonly [line: string, words: readonly string[]])[] = [
  ['sta', ['start', 'status']],
  ['fg web:', ['web:0', 'web:1']],
  ['stop w', ['web', 'web:0', 'web:1']],
  ['stop web:0 web:', ['web:0', 'web:1']],
  ['scale ', ['web']],
  ['add ', ['all', 'new']],
  ['signal US', ['USR1', 'USR2']],
  ['signal HUP w', ['web', 'web:0', 'web:1']],
  ['tail web:0 ', ['stderr', 'stdout']],
  ['curl -m 5 ', ['web:0', 'web:1']],
  ['update --dry', ['--dry-run']],
  ['-s /nowhere.sock fg ', []],
  ['--socket=/nowhere.sock fg ', []],
  ['curl -m ', []],
];

async function complete(shell: string, args: readonly string[]): Promise<string> {
  const { XDG_CACHE_HOME } = ctl.env;
  const env = { ...process.env, XDG_CACHE_HOME, HOME: ctl.directory, PORTHERD_SOCKET: daemon.socketPath };
  const path = [ctl.directory, join(process.execPath, '..'), process.env['PATH']].join(':');
  const ran = await runCommand(shell, args, { cwd: ctl.directory, env: { ...env, PATH: path } });
  expect(ran.stderr).toBe('');
  return ran.stdout;
}

function isThere(shell: string): boolean {
  const there = spawnSync(shell, ['-c', 'true']).status === 0;
  if (!there) console.warn(`${shell} is not installed here: its completion script is not tried out`);
  return there;
}

describe.skipIf(!isThere('bash'))('bash', () => {
  /** As readline calls it; what it replaces begins after the last colon. */
  const asks = `source completion.bash
    COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
    COMP_LINE="portherdctl $1" COMP_POINT=$(( \${#1} + 12 ))
    compopt() { echo "compopt $*"; }
    _portherdctl
    printf '%s\\n' "\${COMPREPLY[@]}"`;

  test.each(offers)('%j', async (line, words) => {
    const said = await complete('bash', ['--norc', '-c', asks, 'bash', line]);
    const before = /[^ ]*:(?=[^ :]*$)/.exec(line)?.[0] ?? '';
    const found = said.split('\n').filter((word) => word !== '');
    expect(found.map((word) => before + word).toSorted()).toEqual(words);
  });

  test('files where an option wants one, also before there is a command', async () => {
    const said = await complete('bash', ['--norc', '-c', `${asks}; complete -p portherdctl`, 'bash', '-c ']);
    expect(said.trim().split(/\s*\n\s*/)).toEqual(['compopt -o default', 'complete -F _portherdctl portherdctl']);
  });
});

describe.skipIf(!isThere('fish'))('fish', () => {
  test.each(offers)('%j', async (line, words) => {
    const said = await complete('fish', ['-N', '-c', `source completion.fish; complete -C 'portherdctl ${line}'`]);
    const found = said.split('\n').filter((word) => word !== '');
    expect(found.map((word) => word.replace(/\t.*/, '')).toSorted()).toEqual(words);
  });
});

describe.skipIf(!isThere('zsh'))('zsh', () => {
  /** compadd is what offers words to zsh's editor: here it prints them. Its options come before --. */
  const asks = `autoload -Uz compinit; compinit -u -D
    source completion.zsh
    compadd() { local -a given=("$@"); (( $given[(I)--] )) && given=($given[$given[(I)--]+1,-1]); print -l -- $given; }
    _describe() { local name=$@[-1]; print -l -- \${\${(P)name}%%:*}; }
    _files() { print files; }
    words=(portherdctl \${(z)1}); [[ $1 == *' ' ]] && words+=('')
    CURRENT=$#words
    _portherdctl`;

  test.each(offers)('%j', async (line, words) => {
    const said = await complete('zsh', ['-f', '-c', asks, 'zsh', line]);
    const typed = line.split(' ').at(-1) ?? '';
    const found = said.split('\n').filter((word) => word !== '' && word.startsWith(typed));
    expect([...new Set(found)].toSorted()).toEqual(words);
  });

  test('files where an option wants one', async () => {
    expect(await complete('zsh', ['-f', '-c', asks, 'zsh', '-c '])).toBe('files\n');
  });
});
