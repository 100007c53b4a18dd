import { test } from 'vitest';
import { expectCalm, signalIfThere } from '../../harness/calm.ts';
import { startDaemon } from '../../harness/daemon.ts';
import { puppet } from '../../harness/puppet.ts';
import { pause } from '../../harness/until.ts';
import { Dice } from '../../sim/dice.ts';

/**
 * Supervisors that are killed in the middle of anything, or replace themselves, one after the other; then calm.
 * CHAOS_SEED=n replays the choices (not the timing).
 */
test('whenever a supervisor is killed, the next one forgets no process and reaches what was wanted', async () => {
  const seed = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);
  const dice = new Dice(seed);
  const web = puppet({
    workers: 3,
    startRetries: 1_000,
    readiness: { timeout: '3s' },
    stop: { idleTimeout: '0s', drainTimeout: '500ms', killTimeout: '300ms' },
  });
  await using daemon = await startDaemon({ programs: { web } });
  /** Asked and forgotten: the daemon may die before it answers, or instead. */
  const ask = (command: string, body: object): void => {
    daemon.api('POST', `/v1/${command}`, body).catch(() => undefined);
  };
  for (let n = 0; n < 25; n += 1) {
    switch (dice.below(6)) {
      case 0:
        ask('restart', { names: [`web:${dice.below(3)}`] });
        break;
      case 1:
      case 2:
        ask('roll', { programs: ['web'], wait: false });
        break;
      case 3:
        ask('scale', { program: 'web', workers: 1 + dice.below(4) });
        break;
      case 4:
        ask('stop', { names: [dice.pick(['web', 'web:1'])] });
        break;
      default: {
        const workers = daemon.processes().filter(({ pid }) => pid !== daemon.pid);
        if (workers.length > 0) signalIfThere(dice.pick(workers).pid, 'SIGKILL');
      }
    }
    await pause(dice.below(150));
    if (dice.chance(0.2)) await daemon.api('POST', '/v1/reload', {}).catch(() => undefined);
    else await daemon.succeed('answers');
    await pause(dice.below(100));
  }

  await expectCalm(daemon, seed);
});
