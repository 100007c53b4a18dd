import { dirname } from 'node:path';
import { type Flags, type Reading, readCommandLine } from './cli/command-line.ts';
import { commandHelp, toolHelp } from './cli/help-page.ts';
import { portherdTool } from './cli/daemon-tool.ts';
import type { Config } from './config/schema.ts';
import { serveConfig } from './config/serve.ts';
import type { Origin } from './daemon.ts';
import { rehearsalVariable } from './linux/handover.ts';
import { availableCores } from './linux/cores.ts';
import { createHookDelivery } from './linux/hook-delivery.ts';
import { createHttpGuard } from './linux/http-guard.ts';
import { prepareLaunch } from './linux/launch.ts';
import { configPath, controlSocket, readConfig } from './read-config.ts';
import { fail, say, surplus } from './say.ts';
import { failure } from './shared/errors.ts';
import { err, type Result } from './shared/result.ts';
import { version } from './shared/version.ts';

/** argv → config → check it, or run the daemon until it ends. Answers the exit code. */
export async function portherd(args: readonly string[]): Promise<number> {
  const read = readCommandLine(portherdTool, args);
  if (!read.ok) return fail(read.error);
  const { command, words, flags } = read.value;
  if (flags.has('version')) return say(`portherd ${version}`);
  if (flags.has('help') || command === 'help') return say(helpPage(flags.has('help') ? command : words[0]));
  const file = configPath(flags.text('config'));
  switch (command) {
    case 'run':
      return words.length > 0 ? fail(surplus(words)) : start(readConfig(file), file, flags);
    case 'serve':
      return start(serve(read.value), undefined, flags);
    case 'check':
      return words.length > 0 ? fail(surplus(words)) : check(file);
    case 'init':
      return (await import('./init.ts')).init(read.value);
    case 'import':
      return (await import('./import.ts')).importConfig(read.value);
    case 'doctor':
      return words.length > 0 ? fail(surplus(words)) : (await import('./doctor.ts')).doctor(flags);
    case 'unit':
      return words.length > 0 ? fail(surplus(words)) : (await import('./unit.ts')).unit(flags, file);
    case 'sweep':
      return words.length > 0 ? fail(surplus(words)) : (await import('./sweep.ts')).sweep(flags, file);
    case 'completion':
      return completion(words);
    case undefined:
      console.error(helpPage(undefined));
      return 2;
    default:
      return fail(failure('BAD_ARGUMENTS', `there is no command ${command}`, '`portherd help` lists the commands.'));
  }
}

async function start(config: Result<Config>, file: string | undefined, flags: Flags): Promise<number> {
  // Not with the other commands: it is most of the program.
  const { runDaemon } = await import('./daemon.ts');
  if (process.env[rehearsalVariable] !== undefined) return rehearsed(config);
  const socket = controlSocket(flags.text('socket'), config.ok ? config.value : undefined);
  const origin: Origin = {
    path: file,
    read: () =>
      file === undefined ? err(failure('NO_CONFIG_FILE', 'this daemon runs without a config file')) : readConfig(file),
  };
  const ended = await runDaemon(config, origin, socket);
  if (ended.ok) return ended.value;
  const runDir = (config.ok ? config.value.supervisor.runDir : undefined) ?? dirname(socket);
  const { failedStart } = await import('./failed-start.ts');
  return failedStart(ended.error, runDir, process.env['NOTIFY_SOCKET'] !== undefined);
}

/** `reload` asks whether this portherd could take over: everything it runs on is loaded by now, but for libc, without which it could not. */
async function rehearsed(config: Result<Config>): Promise<number> {
  const { loadLibc } = await import('./linux/libc.ts');
  const libc = loadLibc();
  if (!libc.ok) return fail(libc.error);
  return config.ok ? say(`portherd ${version} can run`) : fail(config.error);
}

function serve({ words, flags }: Reading): Result<Config> {
  const [script, ...more] = words;
  if (script === undefined)
    return err(failure('BAD_ARGUMENTS', 'serve needs a script', 'For example `portherd serve app.js --port 8080`.'));
  if (more.length > 0) return err(surplus(more));
  const port = flags.text('port');
  if (port === undefined)
    return err(failure('BAD_ARGUMENTS', 'serve needs --port', 'For example `portherd serve app.js --port 8080`.'));
  const context = { file: undefined, directory: process.cwd(), cores: availableCores() };
  return serveConfig({
    script,
    port,
    workers: flags.text('workers'),
    host: flags.text('host'),
    name: flags.text('name'),
    context,
  });
}

function check(file: string): number {
  const config = readConfig(file);
  if (!config.ok) return fail(config.error);
  const { programs, hooks, supervisor } = config.value;
  const secrets = createHttpGuard(supervisor.http);
  const delivery = createHookDelivery(process.env, '');
  const useless = hooks.flatMap((hook) => {
    const found = delivery.check(hook);
    return found.ok ? [] : [found.error];
  });
  const missing = programs.flatMap((program) => {
    const found = prepareLaunch(program, 0, process.env);
    return found.ok ? [] : [{ ...found.error, message: `${program.name}: ${found.error.message}` }];
  });
  const wrong = [...(secrets.ok ? [] : [secrets.error]), ...missing, ...useless];
  for (const error of wrong) fail(error);
  if (wrong.length > 0) return 2;
  const workers = programs.reduce((sum, program) => sum + program.workers, 0);
  const told = hooks.length === 0 ? '' : `, ${count(hooks.length, 'hook')}`;
  return say(`${file}: good; ${count(programs.length, 'program')}, ${count(workers, 'worker')}${told}`);
}

async function completion(words: readonly string[]): Promise<number> {
  const { completionScript } = await import('./cli/completion/scripts.ts');
  const script = words.length === 1 ? completionScript(portherdTool, words[0] ?? '') : undefined;
  if (script !== undefined) return say(script.trimEnd());
  return fail(failure('BAD_ARGUMENTS', 'completion needs a shell', 'There is a script for bash, zsh and fish.'));
}

function helpPage(topic: string | undefined): string {
  // 0 on a terminal that has no size.
  const columns = process.stdout.columns || 80;
  if (topic === undefined) return toolHelp(portherdTool, columns);
  const spec = portherdTool.commands.find(({ name }) => name === topic);
  return spec === undefined ? `*** No help on ${topic}` : commandHelp(portherdTool, spec, columns);
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}
