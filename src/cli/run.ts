import { errorBody } from '../protocol/control.ts';
import { didYouMean } from '../shared/did-you-mean.ts';
import { failure } from '../shared/errors.ts';
import { ok, type Result } from '../shared/result.ts';
import { version } from '../shared/version.ts';
import { choosePlace } from './choose-place.ts';
import { DaemonClient } from './client.ts';
import { commandNamed, readCommandLine, type Reading } from './command-line.ts';
import { reportFailure } from './failure.ts';
import { commandHelp, toolHelp } from './help-page.ts';
import { processScreen, type Screen } from './screen.ts';
import type { Session } from './session.ts';
import { commands, portherdctl } from './tool.ts';

/** portherdctl with these arguments, on this process' stdin, stdout and stderr. Answers the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const read = readCommandLine(portherdctl, args);
  if (!read.ok) {
    const screen = processScreen(!args.includes('--no-color'));
    return reportFailure({ screen, json: args.includes('--json') }, errorBody(read.error));
  }
  const { command, flags } = read.value;
  const screen = processScreen(!flags.has('no-color'));
  if (flags.has('version')) {
    screen.print(`portherdctl ${version}`);
    return 0;
  }
  if (flags.has('help')) {
    screen.print(helpPage(command, screen.columns) ?? `*** No help on ${command}`);
    return 0;
  }
  const session = await sessionOf(read.value, screen);
  if (!session.ok) return reportFailure({ screen, json: flags.has('json') }, errorBody(session.error));
  if (command !== undefined && !flags.has('interactive')) return runCommand(session.value, command);
  if (command !== undefined) await runCommand(session.value, command);
  const { runShell } = await import('./shell/shell.ts');
  return runShell(session.value, { greets: command === undefined });
}

async function runCommand(session: Session, name: string): Promise<number> {
  const command = commandNamed(commands, name);
  if (command === undefined) return unknownCommand(session, name);
  const exit = await command.run(session);
  noteVersions(session);
  return exit;
}

async function sessionOf({ words, flags }: Reading, screen: Screen): Promise<Result<Session>> {
  const place = await choosePlace(flags);
  if (!place.ok) return place;
  return ok({
    words,
    flags,
    json: flags.has('json'),
    client: new DaemonClient(place.value),
    screen,
    tool: portherdctl,
    help: (topic) => helpPage(topic, screen.columns),
  });
}

function helpPage(topic: string | undefined, columns: number): string | undefined {
  if (topic === undefined) return toolHelp(portherdctl, columns);
  const command = commandNamed(commands, topic);
  return command && commandHelp(portherdctl, command, columns);
}

/** Words and exit code are supervisorctl's. */
function unknownCommand(session: Session, name: string): number {
  const near = didYouMean(
    name,
    commands.map((its) => its.name),
  );
  const advice = near === undefined ? undefined : `Did you mean \`portherdctl ${near}\`?`;
  const text = `*** Unknown syntax: ${[name, ...session.words].join(' ')}`;
  return reportFailure(session, errorBody(failure('BAD_COMMAND', text, advice)));
}

function noteVersions({ client, screen, json }: Session): void {
  const its = client.daemonVersion;
  if (json || its === undefined || its === version) return;
  screen.note(`note: the daemon is portherd ${its}, this portherdctl is ${version}`);
}
