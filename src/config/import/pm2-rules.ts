import { account } from '../process-kinds.ts';
import { literalText } from './expand.ts';
import { differs, mapped, none, type Outcome, wrong } from './outcome.ts';
import type { AppRule } from './pm2-app.ts';
import { pm2Command } from './pm2-command.ts';
import { environmentRules } from './pm2-environment.ts';
import { lifecycleRules } from './pm2-lifecycle.ts';
import { logRules } from './pm2-logs.ts';
import { directoryOf } from './pm2-paths.ts';
import { ofPm2, shown, unlessFalse, withBoolean, withText } from './pm2-values.ts';

const inCommand: AppRule = { read: () => mapped() };
const pm2Only: AppRule = { read: (value) => unlessFalse(value, ofPm2) };
const tracing: AppRule = {
  read: (value) => unlessFalse(value, none('portherd looks at processes from outside', 'OpenTelemetry in the app')),
};

/** Every option of an app (lib/API/schema.json of PM2 7, and its docs). env_X is chosenEnvironment()'s. */
export const appRules: Readonly<Record<string, AppRule>> = {
  script: { aliases: ['exec', 'cmd', 'command'], absent: null, read: pm2Command },
  args: inCommand,
  exec_interpreter: { aliases: ['interpreter'], read: () => mapped() },
  node_args: { aliases: ['interpreterArgs', 'interpreter_args'], read: () => mapped() },
  execute_command: inCommand,
  source_map_support: inCommand,
  disable_source_map_support: inCommand,
  name: {
    read: (value, { name, apart }) =>
      name === String(value) || apart
        ? mapped()
        : differs({}, `it is ${name} here: names are unique, of letters, digits, dots, _ and -`),
  },
  name_prefix: { read: (value) => withText(value, () => ofPm2) },
  namespace: {
    read: (value) =>
      value === 'default'
        ? mapped()
        : none('programs have no namespaces', 'a prefix in their names, and all names in a command'),
  },
  cwd: {
    absent: '',
    read: (value, view) => {
      if (value === '') return mapped(view.base === undefined ? {} : { directory: literalText(view.base) });
      return withText(value, () => mapped({ directory: literalText(directoryOf(view) ?? '.') }));
    },
  },
  ...environmentRules,
  ...lifecycleRules,
  increment_var: {
    read: (_value, { apart }) => (apart ? mapped() : differs({}, 'there is one process, which has the value itself')),
  },
  instance_var: {
    absent: 'NODE_APP_INSTANCE',
    read: (value) =>
      value === 'NODE_APP_INSTANCE'
        ? mapped()
        : none('the slot is in NODE_APP_INSTANCE and PORTHERD_SLOT', 'one of these in the app'),
  },
  uid: { aliases: ['user'], read: (value) => whose('user', value) },
  gid: { read: (value) => whose('group', value) },
  username: pm2Only,
  ...logRules,
  pid_file: { aliases: ['pid'], read: () => none('portherd writes no pid files', '`portherdctl pid NAME`') },
  force: {
    read: (value) =>
      withBoolean(value, (yes) => (yes ? differs({}, 'a script may be in several programs anyway') : mapped())),
  },
  post_update: { read: () => none('portherd does not deploy', 'run it in your deploy, then `portherdctl roll`') },
  vizion: pm2Only,
  pmx: pm2Only,
  automation: pm2Only,
  io: pm2Only,
  trace: tracing,
  disable_trace: inCommand,
  v8: tracing,
  event_loop_inspector: tracing,
  deep_monitoring: tracing,
  install_url: pm2Only,
  write: pm2Only,
  windowsHide: { read: () => mapped() },
};

function whose(key: 'user' | 'group', value: unknown): Outcome {
  const read = account(`a ${key}’s name or number`).read(value);
  if (!read.ok) return wrong(`${shown(value)} is no ${key}’s name or number`);
  const set = { [key]: read.value };
  return key === 'group' ? mapped(set) : differs(set, 'HOME stays the daemon’s; write the user’s under environment');
}
