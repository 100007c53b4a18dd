import type { CommandSpec, ToolSpec } from './command-line.ts';
import { completionSpec } from './completion-spec.ts';
import { commonOptions } from './tool.ts';

/** The command line of the daemon. What the commands do is wired in portherd.ts. */

const config = { alias: 'c', value: 'FILE', doc: 'The config; ./portherd.yaml unless given' };

const run: CommandSpec = {
  name: 'run',
  words: '',
  summary: 'Run the programs of a config, in the foreground',
  details:
    'Stops on SIGTERM and SIGINT (drains first), applies a changed config on SIGHUP, rolls on SIGUSR1, opens its log anew on SIGUSR2.\n' +
    'Exits with 2 when it cannot start: bad config, port in use, another daemon on the same run directory.',
  options: { config },
  examples: [
    ['portherd run -c /etc/portherd.yaml', 'as a service manager starts it'],
    ['portherd run -s ./run/control.sock', 'with ./portherd.yaml, and its sockets in ./run'],
  ],
};

const serve: CommandSpec = {
  name: 'serve',
  words: 'SCRIPT',
  summary: 'Run one Node script on a port, without a config',
  completes: ['file'],
  options: {
    port: { alias: 'p', value: 'PORT', doc: 'Port that the script listens on; it also gets it as $PORT' },
    workers: { alias: 'w', value: 'N', doc: 'Number of workers, or a percentage of cores; one per core unless given' },
    host: { value: 'ADDRESS', doc: 'Address to bind; all of them unless given' },
    name: { value: 'NAME', doc: 'Name of the program; the script’s unless given' },
  },
  examples: [
    ['portherd serve app.js --port 8080', 'one worker per core'],
    ['portherd serve app.js --port 8080 --workers 4', 'four'],
  ],
};

const check: CommandSpec = {
  name: 'check',
  words: '',
  summary: 'Check a config, and that what it names exists',
  details: 'Exits with 0 when it is good, 2 when it is not. Starts nothing and opens no port.',
  options: { config },
  examples: [['portherd check -c portherd.yaml', 'before a deploy']],
};

const init: CommandSpec = {
  name: 'init',
  words: '[DIR]',
  summary: 'Write a first config next to a package.json',
  completes: ['file'],
  details: 'Takes the command from the start script, else from main. Replaces no file unless --force is given.',
  options: {
    port: {
      alias: 'p',
      value: 'PORT',
      doc: 'Port that the app listens on; the start script’s, else 3000, unless given',
    },
    force: { doc: 'Replace a config that is there' },
  },
  examples: [
    ['portherd init', 'in this directory'],
    ['portherd init shop --port 8080', 'in another'],
  ],
};

const doctor: CommandSpec = {
  name: 'doctor',
  words: '',
  summary: 'Look at this machine, the config and the daemon, and say what is wrong',
  details:
    'Each line is ok, a warning or a failure, with the cure. Needs neither a config nor a daemon, and no privileges.\n' +
    'Exits with 1 when something is a failure, else 0.',
  options: { config, json: { doc: 'Print JSON' } },
  examples: [
    ['portherd doctor', 'the machine, ./portherd.yaml if it is there, and the daemon if it runs'],
    ['portherd doctor -c /etc/portherd.yaml --json', 'for a script'],
  ],
};

const unit: CommandSpec = {
  name: 'unit',
  words: '',
  summary: 'Print a systemd unit for this config, this Node and this portherd',
  details:
    'Writes nothing. Its limits follow from the config, so print it anew when drain times or the number of workers change much.\n' +
    'systemd/README.md says which failure each line prevents.',
  options: {
    config,
    'run-as': { value: 'USER', doc: 'The user that it runs as; portherd unless given' },
    user: { doc: 'For your own service manager (systemctl --user), without a sandbox' },
    'sweep-unit': { doc: 'Instead, portherd-sweep.service: it ends the workers when a stop went wrong' },
    'socket-unit': { doc: 'Instead, portherd.socket: systemd opens the ports, also while portherd is stopped' },
  },
  examples: [
    ['portherd unit -c /etc/portherd.yaml > portherd.service', 'for /etc/systemd/system'],
    ['portherd unit -c /etc/portherd.yaml --sweep-unit > portherd-sweep.service', 'the other half of it'],
    ['portherd unit -c portherd.yaml --user', 'for ~/.config/systemd/user/portherd.service'],
  ],
};

const sweep: CommandSpec = {
  name: 'sweep',
  words: '',
  summary: 'End the workers of a supervisor that is gone for good',
  details:
    'SIGTERM, and SIGKILL after 10 seconds. Run it as the user of the supervisor; refused while one runs.\n' +
    'Workers outlive their supervisor, so that the next one can take them over: this is for when there will be none.',
  options: { config },
  examples: [['portherd sweep -s /run/portherd/control.sock', 'those of that daemon']],
};

const importing: CommandSpec = {
  name: 'import',
  words: 'FILE',
  summary: 'Make a config from a supervisord.conf or a PM2 process file',
  completes: ['file'],
  details:
    'The YAML goes to standard output, what became of each option to standard error. Options that differ ' +
    'or have no counterpart are told in comments, too. Exits with 0 also then; 2 when FILE cannot be read or is wrong.\n' +
    'A PM2 file that is a script is run, as this user, only with --trust.',
  options: {
    output: { alias: 'o', value: 'OUT', doc: 'Write this file instead' },
    force: { doc: 'Replace OUT if it is there' },
    env: { value: 'NAME', doc: 'PM2: take env_NAME, too, as `pm2 start --env NAME` does' },
    trust: { doc: 'PM2: run FILE, a .js, .cjs or .mjs, to see what it exports' },
  },
  examples: [
    ['portherd import /etc/supervisor/supervisord.conf -o portherd.yaml', 'with what it includes'],
    ['portherd import ecosystem.config.cjs --trust --env production', 'for pm2 start … --env production'],
  ],
};

const help: CommandSpec = {
  name: 'help',
  words: '[command]',
  summary: 'Show help, also of a command',
  completes: ['command'],
  examples: [['portherd help run', 'more about run']],
};

export const portherdTool: ToolSpec = {
  name: 'portherd',
  summary: 'Runs a server as one process per core on one port, and restarts it without losing a connection.',
  options: commonOptions,
  commands: [run, serve, check, init, importing, doctor, unit, sweep, completionSpec('portherd'), help],
  examples: [
    ['portherd run -c portherd.yaml', 'run what the file says'],
    ['portherd serve app.js --port 8080', 'run one script'],
  ],
};
