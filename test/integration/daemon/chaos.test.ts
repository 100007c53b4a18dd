import { expect, test } from 'vitest';
import { expectCalm, signalIfThere } from '../../harness/calm.ts';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { puppet } from '../../harness/puppet.ts';
import { pause } from '../../harness/until.ts';
import { Dice } from '../../sim/dice.ts';

/**
 * What the simulation does to the core, done to the whole: random commands that overlap, random deaths, then calm.
 * CHAOS_SEED=n replays the choices (not the timing).
 */
test('whatever is asked of it at once, the daemon answers everything, forgets no process, and serves again', async () => {
  const seed = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);
  const dice = new Dice(seed);
  const web = puppet({
    workers: 3,
    startRetries: 1_000,
    readiness: { timeout: '3s' },
    stop: { idleTimeout: '0s', drainTimeout: '500ms', killTimeout: '300ms' },
  });
  await using daemon = await startDaemon({ programs: { web } });
  const asked: Promise<unknown>[] = [];
  for (let n = 0; n < 60; n++) {
    asked.push(trouble(daemon, dice));
    // Sometimes at once, sometimes after what was asked before, mostly in between.
    if (dice.chance(0.8)) await pause(dice.below(120));
    if (dice.chance(0.05)) await Promise.all(asked);
  }
  await Promise.all(asked);
  await expectCalm(daemon, seed);
  expect(
    daemon.log
      .filter(({ level }) => level === 'error')
      .map(({ event }) => event)
      // Whom it has stopped for longer than hungAfter is hung.
      .filter((event) => event !== 'rollFailed' && event !== 'hung'),
    `seed ${seed}`,
  ).toEqual([]);
});

async function trouble(daemon: Daemon, dice: Dice): Promise<void> {
  const name = dice.pick(['web', 'web:0', 'web:1', 'web:2', 'web:3', 'all']);
  switch (dice.below(8)) {
    case 0:
      return ask(daemon, 'start', { names: [name] });
    case 1:
      return ask(daemon, 'stop', { names: [name] });
    case 2:
      return ask(daemon, 'restart', { names: [name] });
    case 3:
    case 4:
      return ask(daemon, 'roll', { programs: ['web'], wait: dice.chance(0.5) });
    case 5:
      return ask(daemon, 'scale', { program: 'web', workers: 1 + dice.below(4) });
    default: {
      const pids = await daemon.pids('web');
      if (pids.length > 0) signalIfThere(dice.pick(pids), dice.pick(['SIGKILL', 'SIGTERM', 'SIGSTOP']));
    }
  }
}

/** Every request is answered, with or without an error, and none takes longer than the deadlines of what it asked for. */
async function ask(daemon: Daemon, command: string, body: object): Promise<void> {
  const since = performance.now();
  const reply = await daemon.api('POST', `/v1/${command}`, body);
  const tookMs = performance.now() - since;
  expect([200, 404, 409, 500], `${command} ${JSON.stringify(body)}: ${reply.text}`).toContain(reply.status);
  expect(reply.text).not.toContain('INTERNAL');
  expect(reply.text).not.toContain('TIMED_OUT');
  expect(tookMs, `${command} ${JSON.stringify(body)}`).toBeLessThan(30_000);
}
