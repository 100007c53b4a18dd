import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { supervisorctl, supervisordRefusal } from '../harness/supervisord.ts';
import { SupervisordPair } from '../harness/supervisord-pair.ts';
import { type Answer, changedPrograms, pairPrograms, type Step, steps } from '../harness/supervisorctl-steps.ts';

/** The real supervisorctl drives a real supervisord and portherd: the same exit codes and the same words, but for what is listed. */
const refusal = await supervisordRefusal();
if (refusal !== undefined) console.warn(`supervisorctl is not tested: ${refusal}`);

describe.skipIf(refusal !== undefined)('the real supervisorctl', () => {
  let pair: SupervisordPair;

  beforeAll(async () => {
    pair = await SupervisordPair.start(pairPrograms);
    await pair.settled();
  });
  afterAll(() => pair?.[Symbol.asyncDispose]());

  for (const [at, step] of steps.entries()) {
    test(`${at + 1}: ${step.args}${step.differs === undefined ? ' is the same' : ` differs: ${step.differs.reason}`}`, async () => {
      await prepare(pair, step.before);
      // Neither waits for what starts by itself (`update`, `add`), and both take their time.
      await pair.settle(step.before === 'moreRuns' ? ['more:0'] : []);
      const [theirs, ours] = await Promise.all(pair.sockets.map((socket) => ask(pair, socket, step.args)));
      if (step.differs === undefined) return expect(ours).toEqual(theirs);
      expect([theirs, ours]).toEqual([step.differs.supervisord, step.differs.portherd]);
      return expect(ours).not.toEqual(theirs);
    });
  }
});

async function prepare(pair: SupervisordPair, what: Step['before']): Promise<void> {
  const [missing, plain] = ['missing', 'plain'].map((name) => join(pair.scripts, name));
  switch (what) {
    case 'breakCommands':
      await rm(missing ?? '');
      return chmod(plain ?? '', 0o644);
    case 'mendCommands':
      await writeFile(missing ?? '', '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 });
      return chmod(plain ?? '', 0o755);
    case 'changeConfig':
      return pair.rewrite(changedPrograms);
    case 'spoilConfig':
      return pair.spoil();
    case 'moreRuns':
    case undefined:
      return undefined;
  }
}

async function ask(pair: SupervisordPair, socket: string, args: string): Promise<Answer> {
  const { exitCode, stdout, stderr } = await supervisorctl(socket, ...args.split(' '));
  const output = `${stdout}${stderr}`
    .replaceAll(socket, 'SOCKET')
    .replaceAll(pair.scripts, 'SCRIPTS')
    .replaceAll(pair.supervisord.directory, 'DIR')
    .replaceAll(pair.portherd.directory, 'DIR')
    .replaceAll(/file: \S+client\.py line: \d+/g, 'file: PYTHON')
    .replaceAll(/pid \d+, uptime \d+:\d\d:\d\d/g, 'pid N, uptime T')
    .replaceAll(/^\d+$/gm, (pid) => (pid === '0' ? '0' : 'PID'))
    .replaceAll(/[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M/g, 'TIME');
  // The order in which processes of a group are done is nobody's promise.
  return [exitCode, output.split('\n').toSorted().join('\n').trim()];
}
