import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startDaemon } from '../../harness/daemon.ts';
import { until } from '../../harness/until.ts';
import { getText } from '../../harness/get-text.ts';
import { isAlive, puppet, untilStates } from '../../harness/puppet.ts';

/** What a worker is told when it starts, where it writes, and how the signal reaches it: of real workers. */

/** Ready is a worker without ports as soon as it runs; what it says first comes a moment later. */
async function untilSays(log: string, text: string): Promise<void> {
  let said = '';
  const isSo = async (): Promise<boolean> => (said = await readFile(log, 'utf8')) === text;
  await until(isSo, { what: JSON.stringify(text), explain: () => said });
}

const shell = (script: string, over: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => {
  const stop = { drainTimeout: '0s', killTimeout: '5s' };
  return { command: ['sh', '-c', script], listen: [], workers: 1, readiness: { timeout: '5s' }, stop, ...over };
};

test('names in command, environment and log paths become the daemon’s, the program’s and the slot’s', async () => {
  const env = { REGION: 'eu 50%% %(slot)d' };
  await using daemon = await startDaemon({ programs: { web: puppet() }, env });
  const log = join(daemon.directory, 'log/%(program_name)s_%(slot)02d.%(ENV_KIND)s');
  const script = 'echo "$0|$REGION|$RATE"; exec sleep 600';
  const talk = {
    ...shell(script, { workers: 2, environment: { REGION: '%(ENV_REGION)s', RATE: '5%%' }, logs: { stdout: log } }),
    command: ['sh', '-c', script, '%(program_name)s-%(process_num)d %(ENV_REGION)s'],
  };
  await daemon.rewrite({ programs: { web: puppet(), talk } });
  const refused = await daemon.ctl('update');
  expect(refused.exitCode).not.toBe(0);
  expect(refused.stdout + refused.stderr).toContain('KIND is not set in portherd’s environment');
  await daemon.rewrite({
    programs: { web: puppet(), talk: { ...talk, logs: { stdout: log.replace('%(ENV_KIND)s', 'log') } } },
  });
  expect(await daemon.ctl('update')).toMatchObject({ exitCode: 0 });
  for (const slot of [0, 1]) {
    await untilSays(join(daemon.directory, `log/talk_0${slot}.log`), `talk-${slot} ${env.REGION}|${env.REGION}|5%\n`);
  }
});

test('an envFile is read at each start, below environment, and may not speak for portherd', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  const file = join(daemon.directory, 'talk.env');
  await writeFile(file, '# secrets\nexport A="from file"\nB=below\nC=\'x # y\'\n');
  const talk = shell('echo "$A|$B|$C"; exec sleep 600', { envFile: file, environment: { B: 'above' } });
  await daemon.rewrite({ programs: { web: puppet(), talk } });
  expect(await daemon.ctl('update')).toMatchObject({ exitCode: 0 });
  const log = join(daemon.directory, 'log/talk-0.stdout.log');
  await untilSays(log, 'from file|above|x # y\n');
  await writeFile(file, 'A=again\n');
  expect(await daemon.ctl('restart', 'talk')).toMatchObject({ exitCode: 0 });
  await untilSays(log, 'from file|above|x # y\nagain|above|\n');
  await writeFile(file, 'PORTHERD_SLOT=7\n');
  const refused = await daemon.ctl('roll', 'talk');
  expect(refused.exitCode).not.toBe(0);
  expect(refused.stdout + refused.stderr).toContain('sets PORTHERD_SLOT, which no worker can have from a file');
});

test('stderr joins stdout where it says so', async () => {
  const talk = shell('echo out; echo err >&2; exec sleep 600', { logs: { stderr: 'stdout' } });
  await using daemon = await startDaemon({ programs: { talk } });
  const [slot] = (await daemon.status()).programs[0]?.slots ?? [];
  expect(slot?.logs.stderr).toBe(slot?.logs.stdout);
  await untilSays(slot?.logs.stdout ?? '', 'out\nerr\n');
});

test.each([
  [false, 'parent\n'],
  [true, 'both'],
])('stop.group: %s sends the signal to whom it says', async (group, heard) => {
  // The child says what it hears, and outlives its parent for as long as that waits for it.
  const child = `trap 'echo child; exit' TERM; echo ready; while :; do sleep 0.05; done`;
  const script = `trap 'echo parent; sleep 2; exit' TERM; sh -c "$CHILD" & while :; do sleep 0.05; done`;
  const stop = { drainTimeout: '0s', killTimeout: '10s', group };
  await using daemon = await startDaemon({
    programs: { talk: shell(script, { stop, environment: { CHILD: child } }) },
  });
  const log = join(daemon.directory, 'log/talk-0.stdout.log');
  await until(async () => (await readFile(log, 'utf8')).includes('ready'), { what: 'the traps' });
  expect(await daemon.ctl('stop', 'talk')).toMatchObject({ exitCode: 0 });
  const lines = (await readFile(log, 'utf8')).replace('ready\n', '');
  if (heard === 'both') expect(lines.split('\n').toSorted()).toEqual(['', 'child', 'parent']);
  else expect(lines).toBe(heard);
});

test('stop.killGroup: false spares what a worker has started, but never what holds its socket', async () => {
  const stop = { drainTimeout: '0s', killTimeout: '100ms', killGroup: false };
  const own = `require('child_process').spawn('sleep', ['601']); require('./puppet.cjs')`;
  const direct = puppet({ command: [process.execPath, '-e', own], workers: 1, stop });
  // The shell stays; the server and the job behind it have inherited the slot's socket.
  const script = `trap '' TERM; sleep 602 & "${process.execPath}" puppet.cjs; read -r _`;
  const wrapped = puppet({ command: ['sh', '-c', script], workers: 1, stop }, { IGNORE_TERM: '1' });
  await using daemon = await startDaemon({ programs: { direct, wrapped } });
  await using spared = new AsyncDisposableStack();
  const running = (text: string): readonly number[] =>
    daemon.processes().flatMap(({ pid, command }) => (command === text ? [pid] : []));
  const [job = 0] = await until(() => running('sleep 601').length === 1 && running('sleep 601'), { what: 'the job' });
  spared.defer(() => void process.kill(job, 'SIGKILL'));
  const serves = async (): Promise<number> => Number((await getText(daemon.port(1))).split(' ')[1]);
  const served = await serves();

  for (const name of ['direct', 'wrapped']) process.kill((await daemon.pids(name))[0] ?? 0, 'SIGKILL');
  await until(async () => (await serves()) !== served, { what: 'another server' });
  await until(() => !isAlive(served) && running('sleep 602').length === 1, {
    what: 'what the dead wrapper left to go',
  });
  await untilStates(daemon, ['RUNNING'], 'direct');
  expect(isAlive(job)).toBe(true);

  expect(await daemon.ctl('stop', 'all')).toMatchObject({ exitCode: 0 });
  await until(() => daemon.processes().length === 3, {
    what: 'nothing but the jobs',
    explain: () => daemon.processes(),
  });
  const jobs = running('sleep 601');
  expect(jobs).toHaveLength(2);
  for (const pid of jobs) if (pid !== job) spared.defer(() => void process.kill(pid, 'SIGKILL'));
});

test('files that are included bring programs, and take them away again at an update', async () => {
  await using daemon = await startDaemon({
    programs: 'include: [more/*.yaml]\nprograms: { base: { command: sleep 600, workers: 1 } }',
  });
  const names = async (): Promise<readonly string[]> => (await daemon.status()).programs.map(({ name }) => name);
  expect(await names()).toEqual(['base']);
  await mkdir(join(daemon.directory, 'more/srv'), { recursive: true });
  const more = join(daemon.directory, 'more/a.yaml');
  await writeFile(more, 'programs: { extra: { command: sleep 600, workers: 1, directory: srv } }');
  expect(await daemon.ctl('update')).toMatchObject({ exitCode: 0 });
  expect((await names()).toSorted()).toEqual(['base', 'extra']);
  await writeFile(more, 'programs:\n  base: { command: sleep 1 }\n');
  const doubled = await daemon.ctl('reread');
  expect(doubled.stdout + doubled.stderr).toContain(
    `${more}:2:3: programs.base: this program is also at ${daemon.configFile}:2:`,
  );
  await writeFile(more, '');
  expect(await daemon.ctl('update')).toMatchObject({ exitCode: 0 });
  expect(await names()).toEqual(['base']);
});
