import type { ErrorBody } from '../../protocol/control.ts';
import type { UpdatePlan } from '../../protocol/control-update.ts';
import { reportFailure, unaskedExits } from '../failure.ts';
import { follow } from '../follow.ts';
import { programsNamed } from '../names.ts';
import { hookLines, noUpdates, planLine, updateWords, waitsLine } from '../render/change-text.ts';
import { RollDisplay } from '../roll-display.ts';
import type { Command, Session } from '../session.ts';
import { updateLine } from '../update-replies.ts';

export const update: Command = {
  name: 'update',
  words: '[program… | all]',
  summary: 'Read the config again and apply what differs',
  details:
    'What can change while it runs does; a program is scaled, rolled without losing a connection, or stopped and started ' +
    'only as its change takes. What did not change is not touched. Exits with 1 when the config is bad or a program is ' +
    'unknown. --dry-run changes nothing, and exits with 1 when something is in the way, such as a port that is in use.',
  options: { 'dry-run': { alias: 'n', doc: 'Only say what would be done, what it costs and why' } },
  completes: ['configured'],
  examples: [
    ['portherdctl update --dry-run', 'what it would do'],
    ['portherdctl update', 'do it'],
    ['portherdctl update web', 'only for web'],
  ],

  async run(session) {
    const programs = programsNamed(session.words);
    const dryRun = session.flags.has('dry-run');
    let changes = 0;
    let told = false;
    using display = new RollDisplay(session.screen, true, () => performance.now());
    const answer = await follow(session, {
      path: '/v1/update',
      body: { programs, ...(dryRun && { dryRun }) },
      line: updateLine,
      outcomeOf: (line) => (line.t === 'done' ? line : undefined),
      show: (line) => {
        switch (line.t) {
          case 'done':
            return;
          case 'planned':
            changes += 1;
            told ||= line.error !== undefined;
            return showPlan(session, line);
          case 'waits':
            changes += 1;
            // supervisorctl's update has no such line.
            return dryRun ? session.screen.print(waitsLine(line.keys)) : session.screen.note(waitsLine(line.keys));
          case 'hooks':
          case 'hooksPlanned':
            changes += 1;
            for (const text of hookLines(line, line.t === 'hooksPlanned')) session.screen.print(text);
            return;
          case 'stopped':
          case 'removed':
          case 'added':
          case 'updated':
            changes += 1;
            return session.screen.print(`${line.program}: ${updateWords[line.t]}`);
          case 'progress':
          case 'replaced':
          case 'failed':
          case 'rolledBack':
          case 'finished':
            changes += 1;
            return display.show(line);
        }
      },
      goesOn: 'The update goes on; `portherdctl status` shows how far it is.',
    });
    if (!answer.ok) return fail(session, answer.error, programs);
    const { error } = answer.value;
    if (error === undefined) {
      if (changes > 0 || session.json) return 0;
      // What a dry run finds is its result; supervisorctl's update is silent then.
      if (dryRun) session.screen.print(noUpdates);
      else session.screen.note(noUpdates);
      return 0;
    }
    // A failed roll or a plan has said so already; with --json the last line has.
    return session.json || told || display.failed ? exitOf(error) : fail(session, error, programs);
  },
};

function showPlan({ screen }: Session, plan: UpdatePlan): void {
  screen.print(planLine(plan));
  if (plan.error === undefined) return;
  // Some reasons begin with the name, too.
  const reason = plan.error.message.replace(`${plan.program}: `, '');
  screen.print(screen.paint('red', `${plan.program}: ERROR (${reason})`));
  if (plan.error.advice !== '') screen.note(`  ${plan.error.advice}`);
}

function fail(session: Session, error: ErrorBody, programs: readonly string[]): number {
  if (error.code in unaskedExits) return reportFailure(session, error, { exits: unaskedExits });
  return reportFailure(session, { ...error, exit: exitOf(error) }, { text: `ERROR: ${reason(error, programs)}` });
}

/** supervisorctl's words where it has some. */
function reason({ code, message }: ErrorBody, programs: readonly string[]): string {
  if (code === 'SHUTTING_DOWN') return 'already shutting down';
  if (code === 'BAD_NAME' && programs.length === 1) return `no such group: ${programs[0]}`;
  return message;
}

/** A bad config is 1 here, not the 2 of a start: the daemon goes on with the one it has. */
function exitOf({ code, exit }: ErrorBody): number {
  return code === 'ROLL_FAILED' || code === 'SPAWN_ERROR' || code === 'ABNORMAL_TERMINATION' ? exit : 1;
}
