import { setTimeout as pause } from 'node:timers/promises';
import { errorBody, type StatusReply } from '../../protocol/control.ts';
import { failure } from '../../shared/errors.ts';
import { reloadWaitMsMax } from '../../shared/limits.ts';
import { reportFailure, reportMisuse, unaskedExits } from '../failure.ts';
import { formatTook } from '../render/uptime.ts';
import { reloadReply, statusReply } from '../replies.ts';
import type { Command, Session } from '../session.ts';

export const reload: Command = {
  name: 'reload',
  words: '',
  summary: 'Replace the daemon by its newest code and config; workers serve on',
  details:
    'For an upgrade of portherd: the daemon replaces itself, with the same pid, sockets and workers. The new one is tried out first; ' +
    'when it cannot start, nothing changes. Then it applies the config as `update` does. Waits until it answers.',
  options: {},
  examples: [['portherdctl reload', 'after `npm install --global portherd`, or a change of the config']],

  async run(session) {
    if (session.words.length > 0) return reportMisuse(session, 'reload', 'reload accepts no arguments', 1);
    const before = performance.now();
    const answer = await session.client.post('/v1/reload', {}, reloadReply);
    if (!answer.ok) return reportFailure(session, answer.error, { exits: unaskedExits });
    const status = await renewed(session, answer.value.uptimeMs);
    if (status === undefined) {
      const text = `the daemon (pid ${answer.value.pid}) does not answer ${formatTook(reloadWaitMsMax)} after its reload`;
      return reportFailure(session, errorBody(failure('TIMED_OUT', text)));
    }
    const tookMs = Math.round(performance.now() - before);
    const { pid, version } = status.daemon;
    const workers = status.programs.flatMap(({ slots }) => slots).filter((slot) => slot.pid !== undefined).length;
    if (session.json) session.screen.print(JSON.stringify({ pid, version, workers, tookMs }));
    else session.screen.print(`Restarted portherd ${version} (pid ${pid}) in ${tookMs} ms; ${workers} workers kept`);
    return 0;
  },
};

const askEachMs = 20;

/** Until somebody answers who has not been up as long as the one that we asked would have been by then. */
async function renewed({ client }: Session, uptimeMs: number): Promise<StatusReply | undefined> {
  const beganAt = performance.now();
  for (let waited = 0; waited < reloadWaitMsMax; waited = performance.now() - beganAt) {
    const status = await client.get('/v1/status', statusReply);
    if (status.ok && status.value.daemon.uptimeMs < uptimeMs + waited) return status.value;
    await pause(askEachMs);
  }
  return undefined;
}
