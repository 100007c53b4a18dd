import { tmpdir } from 'node:os';
import { errorBody } from '../protocol/control.ts';
import { didYouMean } from '../shared/did-you-mean.ts';
import { failure } from '../shared/errors.ts';
import { socketPath } from '../shared/socket-path.ts';
import { version } from '../shared/version.ts';
import { SocketClient } from './client.ts';
import { commandHelp, type Flags, readCommandLine, type Reading, toolHelp } from './command-line.ts';
import { reportFailure } from './failure.ts';
import { processScreen, type Screen } from './screen.ts';
import type { Session } from './session.ts';
import { commands, portherdctl } from './tool.ts';

/** portherdctl with these arguments, on this process' stdout and stderr. Answers the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const read = readCommandLine(portherdctl, args);
  if (!read.ok) {
    const screen = processScreen(!args.includes('--no-color'));
    return reportFailure({ screen, json: args.includes('--json') }, errorBody(read.error));
  }
  const { command: name, flags } = read.value;
  const screen = processScreen(!flags.has('no-color'));
  if (flags.has('version')) {
    screen.print(`portherdctl ${version}`);
    return 0;
  }
  const command = commands.find((its) => its.name === name);
  if (flags.has('help') || name === undefined) return showHelp(screen, name, flags);
  const session = sessionOf(read.value, screen);
  if (command === undefined) return unknownCommand(session, name);
  const exit = await command.run(session);
  noteVersions(session);
  return exit;
}

function sessionOf({ words, flags }: Reading, screen: Screen): Session {
  const uid = process.getuid?.() ?? 0;
  const path = socketPath({ option: flags.text('socket'), env: process.env, uid, tmpdir: tmpdir() });
  return {
    words,
    flags,
    json: flags.has('json'),
    client: new SocketClient(path),
    screen,
    help: (topic) => helpPage(topic, screen.columns),
  };
}

async function helpPage(topic: string | undefined, columns: number): Promise<string | undefined> {
  if (topic === undefined) return await toolHelp(portherdctl, columns);
  const command = commands.find(({ name }) => name === topic);
  return command && (await commandHelp(portherdctl, command, columns));
}

/** Asked for, it is a result; without a command it is a reproach. */
async function showHelp(screen: Screen, name: string | undefined, flags: Flags): Promise<number> {
  const page = (await helpPage(name, screen.columns)) ?? `*** No help on ${name}`;
  if (flags.has('help')) screen.print(page);
  else screen.note(page);
  return flags.has('help') ? 0 : 2;
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
