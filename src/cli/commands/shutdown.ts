import { setTimeout as pause } from 'node:timers/promises';
import { errorBody } from '../../protocol/control.ts';
import { failure } from '../../shared/errors.ts';
import { shutdownWaitMsMax } from '../../shared/limits.ts';
import { reportFailure, reportMisuse, unaskedExits } from '../failure.ts';
import { formatTook } from '../render/uptime.ts';
import { shutdownReply, statusReply } from '../replies.ts';
import type { Command, Session } from '../session.ts';

export const shutdown: Command = {
  name: 'shutdown',
  words: '',
  summary: 'Drain and stop everything, then end the daemon',
  details: 'Waits until the daemon is gone. Exits with 0 also when it is shutting down already.',
  options: { 'no-wait': { doc: 'Return as soon as the daemon has begun' } },
  examples: [
    ['portherdctl shutdown', 'and wait for its end'],
    ['portherdctl shutdown --no-wait', 'and let it drain alone'],
  ],

  async run(session) {
    if (session.words.length > 0) return reportMisuse(session, 'shutdown', 'shutdown accepts no arguments', 1);
    const answer = await session.client.post('/v1/shutdown', {}, shutdownReply);
    if (!answer.ok) {
      const { error } = answer;
      if (error.code === 'SHUTTING_DOWN')
        return reportFailure(session, { ...error, exit: 0 }, { text: 'ERROR: already shutting down' });
      const text = error.code in unaskedExits ? `ERROR: ${error.message} (already shut down?)` : error.message;
      return reportFailure(session, error, { exits: unaskedExits, text });
    }
    const { pid } = answer.value;
    if (!session.flags.has('no-wait') && !(await gone(session, pid))) {
      const text = `the daemon (pid ${pid}) still runs after ${formatTook(shutdownWaitMsMax)}`;
      return reportFailure(session, errorBody(failure('TIMED_OUT', text)));
    }
    session.screen.print(session.json ? JSON.stringify({ pid }) : 'Shut down');
    return 0;
  },
};

const askEachMs = 100;

/** Until nobody answers on the socket, or somebody else does (a service manager may have started the next one). */
async function gone({ client, screen, json }: Session, pid: number): Promise<boolean> {
  const beganAt = performance.now();
  for (let waited = 0; waited < shutdownWaitMsMax; waited = performance.now() - beganAt) {
    const status = await client.get('/v1/status', statusReply);
    if (!status.ok && (status.error.code === 'DAEMON_ABSENT' || status.error.code === 'DAEMON_UNREACHABLE'))
      return true;
    if (status.ok && status.value.daemon.pid !== pid) return true;
    const left = status.ok
      ? status.value.programs.flatMap(({ slots }) => slots).filter((slot) => slot.pid !== undefined)
      : [];
    if (!json) screen.draw(`shutting down: ${left.length} workers left, ${formatTook(waited)}`);
    await pause(askEachMs);
  }
  return false;
}
