import { setTimeout as pause } from 'node:timers/promises';
import { type ErrorBody, errorBody, type StatusReply } from '../../protocol/control.ts';
import { failure } from '../../shared/errors.ts';
import { reloadWaitMsMax } from '../../shared/limits.ts';
import type { Client } from '../client.ts';
import { reportFailure, reportMisuse, unaskedExits } from '../failure.ts';
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
    const beganAt = performance.now();
    const { client, json, screen } = session;
    const was = await client.get('/v1/status', statusReply);
    if (!was.ok) return reportFailure(session, was.error, { exits: unaskedExits });
    const answer = await client.post('/v1/reload', {}, reloadReply);
    if (!answer.ok && answer.error.code !== 'DAEMON_LOST')
      return reportFailure(session, answer.error, { exits: unaskedExits });
    const { pid } = was.value.daemon;
    const status = answer.ok ? await renewed(client, answer.value.uptimeMs) : await anyone(client);
    if (status === undefined || status.daemon.pid !== pid) return interrupted(session, pid, status);
    if (!answer.ok) return reportFailure(session, answer.error);
    const tookMs = Math.round(performance.now() - beganAt);
    const { version } = status.daemon;
    const workers = kept(was.value, status);
    if (json) screen.print(JSON.stringify({ pid, version, workers, tookMs }));
    else
      screen.print(`Restarted portherd ${version} (pid ${pid}) in ${tookMs} ms; ${fate(workers, running(was.value))}`);
    return 0;
  },
};

/** Until somebody answers who has not been up as long as the one that we asked would have been by then. */
async function renewed(client: Client, uptimeMs: number): Promise<StatusReply | undefined> {
  const beganAt = performance.now();
  let answeredAt = 0;
  for (let waited = 0; waited < reloadWaitMsMax; waited = performance.now() - beganAt) {
    const status = await client.get('/v1/status', statusReply);
    if (status.ok && status.value.daemon.uptimeMs + roundedMs < uptimeMs + waited) return status.value;
    // The socket stays open through a reload; where it is refused the process is dead, and somebody else has to start it.
    if (status.ok || !isAbsent(status.error)) answeredAt = waited;
    if (waited - answeredAt > absentMsMax) return undefined;
    await pause(askEachMs);
  }
  return undefined;
}

/** Whoever answers after the one that we asked has gone. */
async function anyone(client: Client): Promise<StatusReply | undefined> {
  const beganAt = performance.now();
  while (performance.now() - beganAt < absentMsMax) {
    const status = await client.get('/v1/status', statusReply);
    if (status.ok) return status.value;
    await pause(askEachMs);
  }
  return undefined;
}

function isAbsent({ code }: ErrorBody): boolean {
  return code === 'DAEMON_ABSENT' || code === 'DAEMON_UNREACHABLE';
}

const askEachMs = 20;

/** A status tells whole milliseconds, the answer to a reload its moment. */
const roundedMs = 1;

/** A service manager has started another one by then. */
const absentMsMax = 3_000;

/** Those that were there before and serve on; an update that comes with the reload may have others leave. */
function kept(before: StatusReply, after: StatusReply): number {
  const pids = new Set(before.programs.flatMap(({ slots }) => slots.map((slot) => slot.pid)));
  const slots = after.programs.flatMap((program) => program.slots.filter(({ slot }) => slot < program.workers));
  return slots.filter(({ pid, state }) => pid !== undefined && pids.has(pid) && state !== 'STOPPING').length;
}

function running({ programs }: StatusReply): number {
  return programs.flatMap(({ slots }) => slots).filter(({ pid, state }) => pid !== undefined && state !== 'STOPPING')
    .length;
}

/** A config that changed has some leave; that this was no accident should be seen. */
function fate(kept: number, before: number): string {
  if (kept < before) return `${kept} of ${before} workers kept, the others leave: see \`portherdctl status\``;
  return `${kept} ${kept === 1 ? 'worker' : 'workers'} kept`;
}

function interrupted(session: Session, pid: number, status: StatusReply | undefined): number {
  const [text, advice] =
    status === undefined
      ? [
          'nobody answers',
          'Its workers serve on. Start it again (`systemctl start portherd`, `portherd run`): it takes them over.',
        ]
      : [
          `pid ${status.daemon.pid} runs in its place, with its workers`,
          'Reload again: the config may not be applied.',
        ];
  return reportFailure(
    session,
    errorBody(failure('DAEMON_LOST', `the daemon (pid ${pid}) ended during its reload; ${text}`, advice)),
  );
}
