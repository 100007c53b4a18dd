import { errorBody } from '../../protocol/control.ts';
import type { RebalanceLine } from '../../protocol/control-rebalance.ts';
import { parseDuration } from '../../shared/duration.ts';
import { failure } from '../../shared/errors.ts';
import { rebalanceMs } from '../../shared/limits.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { reportFailure } from '../failure.ts';
import { follow } from '../follow.ts';
import { programsNamed } from '../names.ts';
import { balancedLine, rebalancingLine, unbalancedLine } from '../render/rebalance-text.ts';
import { rebalanceLine } from '../replies.ts';
import type { Command, Session } from '../session.ts';

export const rebalance: Command = {
  name: 'rebalance',
  words: '[program… | all]',
  summary: 'Move open connections from crowded workers to the others, failing no request',
  details:
    'Crowded workers answer `Connection: close` (HTTP/2: GOAWAY) on some of their connections, idle ones first, until the ' +
    'busiest has at most 1.05 times the mean; their clients come back where there is room. A silent connection goes with its ' +
    'next request; raw and upgraded ones stay. Exits with 1 when the skew is still there at the end. Ctrl-C ends the ' +
    'waiting, not the work.',
  options: {
    timeout: { value: 'DURATION', doc: 'Give up after, 30s unless given' },
    'no-wait': { doc: 'Begin it and return at once' },
  },
  completes: ['program'],
  examples: [
    ['portherdctl rebalance web', 'after a roll, or after scaling up'],
    ['portherdctl rebalance --timeout 2m', 'all programs that can be balanced; clients that are seldom heard of'],
    ['portherdctl rebalance web --json', 'a JSON object a line, as it happens'],
  ],

  async run(session) {
    const timeout = timeoutMs(session.flags.text('timeout'));
    if (!timeout.ok) {
      return reportFailure(session, errorBody(failure('BAD_ARGUMENTS', `option --timeout: ${timeout.error}`)));
    }
    const wait = !session.flags.has('no-wait');
    const answer = await follow(session, {
      path: '/v1/rebalance',
      body: { programs: programsNamed(session.words), wait, timeoutMs: timeout.value },
      line: rebalanceLine,
      outcomeOf: (line) => (line.t === 'finished' ? line : undefined),
      show: (line) => show(session, wait, line),
      goesOn: 'The rebalancing goes on; `portherdctl connections` shows how far it is.',
    });
    return answer.ok ? (answer.value.error?.exit ?? 0) : reportFailure(session, answer.error);
  },
};

function show({ screen }: Session, wait: boolean, line: RebalanceLine): void {
  switch (line.t) {
    case 'progress':
      return screen.draw(rebalancingLine(line.rebalance, screen.columns));
    case 'balanced':
      return screen.print(balancedLine(line.rebalance));
    case 'unbalanced':
      return screen.print(screen.paint('red', unbalancedLine(line.rebalance, line.why)));
    case 'finished':
      if (!wait) for (const program of line.programs) screen.print(`${program}: rebalancing has begun`);
      if (line.error !== undefined && line.error.advice !== '') screen.note(`  ${line.error.advice}`);
      return;
  }
}

function timeoutMs(written: string | undefined): Result<number, string> {
  if (written === undefined) return ok(rebalanceMs.usual);
  const parsed = parseDuration(written);
  if (!parsed.ok) return parsed;
  const { min, max } = rebalanceMs;
  return parsed.value >= min && parsed.value <= max ? parsed : err(`${written} is not a duration from 1s to 1h`);
}
