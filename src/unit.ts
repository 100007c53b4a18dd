import { resolve } from 'node:path';
import type { Flags } from './cli/command-line.ts';
import { serviceUnit, socketUnit, sweepUnit, unitNeeds } from './config/service-unit.ts';
import { hiddenFrom } from './linux/hidden-from.ts';
import { systemdFacts } from './linux/systemd-version.ts';
import { readConfig } from './read-config.ts';
import { fail, say } from './say.ts';

/** `portherd unit`: a systemd unit for this config, this Node and this portherd, on stdout. Writes nothing. */
export async function unit(flags: Flags, file: string): Promise<number> {
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

function warning(user: string, hidden: readonly string[]): string {
  const cure = 'Give the unit their owner with --run-as, or move them, to /srv or /etc say.';
  return `portherd: warning: ${user} may not read what is in a home: ${hidden.join(', ')}\n  ${cure}`;
}

const notifyReloadSince = 253;
