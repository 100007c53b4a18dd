import { add } from './commands/add.ts';
import { avail } from './commands/avail.ts';
import { balance } from './commands/balance.ts';
import { clear } from './commands/clear.ts';
import { completion } from './commands/completion.ts';
import { connections } from './commands/connections.ts';
import { curl } from './commands/curl.ts';
import { doctor } from './commands/doctor.ts';
import { exit } from './commands/exit.ts';
import { fg } from './commands/fg.ts';
import { help } from './commands/help.ts';
import { hooks } from './commands/hooks.ts';
import { maintail } from './commands/maintail.ts';
import { open } from './commands/open.ts';
import { pid } from './commands/pid.ts';
import { rebalance } from './commands/rebalance.ts';
import { reload } from './commands/reload.ts';
import { remove } from './commands/remove.ts';
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
  fg,
  avail,
  reread,
  update,
  add,
  remove,
  hooks,
  reload,
  shutdown,
  open,
  doctor,
  completion,
  version,
  help,
  exit,
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
  options: {
    ...commonOptions,
    socket: {
      alias: ['s', 'serverurl'],
      value: 'URL',
      doc: 'The daemon: a socket’s path, unix:///path or http://host:port; else -c, else $PORTHERD_SOCKET',
    },
    config: { alias: ['c', 'configuration'], value: 'FILE', doc: 'The daemon of this config' },
    username: { alias: 'u', value: 'NAME', doc: 'For http:// with `supervisor.http.username`' },
    password: { alias: 'p', value: 'WORD', doc: 'Its password; $PORTHERD_PASSWORD is not seen in ps' },
    interactive: { alias: 'i', doc: 'A shell, after the command if there is one' },
    'history-file': { alias: 'r', value: 'FILE', doc: 'Where the shell keeps what was typed' },
    json: { doc: 'Print JSON, errors too' },
  },
  commands,
  examples: [
    ['portherdctl status', 'what runs'],
    ['portherdctl roll web', 'replace the workers of web, losing no connection'],
    ['portherdctl -s /run/my/control.sock status', 'another daemon'],
    ['portherdctl', 'a shell for all of these'],
  ],
};
