import { resolve } from 'node:path';
import type { Flags } from './cli/command-line.ts';
import { isAccount } from './config/process-kinds.ts';
import { serviceUnit, socketUnit, sweepUnit, unitNeeds } from './config/service-unit.ts';
import { hiddenFrom } from './linux/hidden-from.ts';
import { systemdFacts } from './linux/systemd-version.ts';
import { readConfig } from './read-config.ts';
import { fail, say } from './say.ts';
import { failure } from './shared/errors.ts';

/** `portherd unit`: a systemd unit for this config, this Node and this portherd, on stdout. Writes nothing. */
export async function unit(flags: Flags, file: string): Promise<number> {
  const misuse = misuseOf(flags);
  if (misuse !== undefined) return fail(failure('BAD_ARGUMENTS', ...misuse));
  const config = readConfig(file);
  if (!config.ok) return fail(config.error);
  const description = `portherd: ${config.value.programs.map(({ name }) => name).join(', ')}`;
  if (flags.has('socket-unit')) return say(socketUnit(config.value, description, 'portherd.service').trimEnd());
  const command = [process.execPath, resolve(process.argv[1] ?? 'portherd')];
  const { version = 0 } = await systemdFacts();
  const user = flags.text('run-as') ?? 'portherd';
  const place = {
    command,
    configFile: file,
    name: 'portherd',
    unit: 'portherd.service',
    sweeper: 'portherd-sweep.service',
    description,
    manager: flags.has('user') ? ({ is: 'user' } as const) : ({ is: 'system', user } as const),
    notifyReload: version >= notifyReloadSince,
  };
  const needs = unitNeeds(config.value, command, file);
  const hidden = place.manager.is === 'user' || needs.accounts ? [] : hiddenFrom(user, needs.inHomes);
  if (hidden.length > 0) console.error(warning(user, hidden));
  return say((flags.has('sweep-unit') ? sweepUnit(place, needs) : serviceUnit(place, needs)).trimEnd());
}

function misuseOf(flags: Flags): readonly [text: string, advice: string] | undefined {
  const user = flags.text('run-as');
  if (user !== undefined && !isAccount(user))
    return [`--run-as: ${JSON.stringify(user)} is not a user’s name or number`, 'Write it like www-data.'];
  if (user !== undefined && flags.has('user'))
    return ['--user and --run-as exclude each other', 'A service of your own manager runs as you.'];
  if (flags.has('sweep-unit') && flags.has('socket-unit'))
    return ['--sweep-unit and --socket-unit exclude each other', 'Each prints one file: run it once for each.'];
  return undefined;
}

function warning(user: string, hidden: readonly string[]): string {
  const cure = 'Give the unit their owner with --run-as, or move them, to /srv or /etc say.';
  return `portherd: warning: ${user} may not read what is in a home: ${hidden.join(', ')}\n  ${cure}`;
}

const notifyReloadSince = 253;
