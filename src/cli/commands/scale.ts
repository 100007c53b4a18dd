import { errorBody, type ScaleRequest } from '../../protocol/control.ts';
import { failure } from '../../shared/errors.ts';
import { slotsMax } from '../../shared/limits.ts';
import { reportFailure, reportMisuse } from '../failure.ts';
import { programNamed } from '../names.ts';
import { scaleReply } from '../replies.ts';
import type { Command } from '../session.ts';

export const scale: Command = {
  name: 'scale',
  words: 'program N | +N | -N',
  summary: 'Change the number of workers, without losing a connection',
  details:
    'New slots get connections once they are ready. A slot that goes is steered away from, its queue is waited out, its ' +
    'worker drains, and only then its socket closes. The config is not changed: an update that changes `workers` has the ' +
    'last word.',
  completes: ['program'],
  examples: [
    ['portherdctl scale web 8', 'eight workers'],
    ['portherdctl scale web +1', 'one more'],
    ['portherdctl scale web -2', 'two fewer'],
  ],

  async run(session) {
    const [program, written, ...more] = session.words;
    if (program === undefined || written === undefined || more.length > 0) {
      return reportMisuse(session, 'scale', 'scale requires a program and a number of workers', 2);
    }
    const count = parseCount(written);
    if (count === undefined) {
      return reportFailure(
        session,
        errorBody(failure('BAD_COUNT', `${JSON.stringify(written)} is not a number of workers`)),
      );
    }
    const request: ScaleRequest = { program: programNamed(program), ...count };
    const answer = await session.client.post('/v1/scale', request, scaleReply);
    if (!answer.ok) return reportFailure(session, answer.error);
    const { program: name, from, to } = answer.value;
    const line = from === to ? `${name}: already at ${workers(to)}` : `${name}: scaled from ${from} to ${workers(to)}`;
    session.screen.print(session.json ? JSON.stringify(answer.value) : line);
    return 0;
  },
};

function parseCount(written: string): { workers: number } | { by: number } | undefined {
  if (!/^[+-]?\d{1,3}$/.test(written)) return undefined;
  const value = Number(written);
  if (/^[+-]/.test(written)) return value === 0 || Math.abs(value) > slotsMax ? undefined : { by: value };
  return value < 1 || value > slotsMax ? undefined : { workers: value };
}

function workers(count: number): string {
  return count === 1 ? '1 worker' : `${count} workers`;
}
