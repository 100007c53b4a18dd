import { avail } from './commands/avail.ts';
import { balance } from './commands/balance.ts';
import { clear } from './commands/clear.ts';
import { connections } from './commands/connections.ts';
import { curl } from './commands/curl.ts';
import { doctor } from './commands/doctor.ts';
import { help } from './commands/help.ts';
import { maintail } from './commands/maintail.ts';
import { pid } from './commands/pid.ts';
import { rebalance } from './commands/rebalance.ts';
import { reload } from './commands/reload.ts';
import { reread } from './commands/reread.ts';
import { restart } from './commands/restart.ts';
import { roll } from './commands/roll.ts';
import { scale } from './commands/scale.ts';
import { shutdown } from './commands/shutdown.ts';
import { signal } from './commands/signal.ts';
import { start } from './commands/start.ts';
import { status } from './commands/status.ts';
import { stop } from './commands/stop.ts';
import { tail } from './commands/tail.ts';
import { update } from './commands/update.ts';
import { version } from './commands/version.ts';
import type { OptionSpecs, ToolSpec } from './command-line.ts';
import type { Command } from './session.ts';

/** In the order in which help shows them. */
export const commands: readonly Command[] = [
  status,
  connections,
  balance,
  curl,
  start,
  stop,
  restart,
  roll,
  scale,
  rebalance,
  signal,
  pid,
  tail,
  maintail,
  clear,
  avail,
  reread,
  update,
  reload,
  shutdown,
  doctor,
  version,
  help,
];

/** Of portherd too, as far as they fit it. */
export const commonOptions: OptionSpecs = {
  socket: { alias: 's', value: 'PATH', doc: 'Control socket, also as unix:///path; else $PORTHERD_SOCKET' },
  'no-color': { doc: 'No colours; also $NO_COLOR' },
  help: { alias: 'h', doc: 'Help, also of a command' },
  version: { doc: 'This program’s version' },
};

export const portherdctl: ToolSpec = {
  name: 'portherdctl',
  summary: 'Controls a running portherd.',
  options: { ...commonOptions, json: { doc: 'Print JSON, errors too' } },
  commands,
  examples: [
    ['portherdctl status', 'what runs'],
    ['portherdctl roll web', 'replace the workers of web, losing no connection'],
    ['portherdctl -s /run/my/control.sock status', 'another daemon'],
  ],
};
