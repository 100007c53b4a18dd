import { expect, test } from 'vitest';
import { daemonRules } from '../../../../src/config/import/supervisord-daemon.ts';
import { fcgiRules } from '../../../../src/config/import/supervisord-fcgi.ts';
import { listenerRules } from '../../../../src/config/import/supervisord-listener.ts';
import { programRules } from '../../../../src/config/import/supervisord-program.ts';
import { canonicalNames } from '../../../../src/config/import/pm2-app.ts';
import { appRules } from '../../../../src/config/import/pm2-rules.ts';
import { PortsTaken } from '../../../../src/config/import/ports.ts';
import { fixtureNames, importFixture, type Kind } from './fixture.ts';

/** No option is forgotten: neither by the tables of rules, nor by the examples. Written down apart from the code, from the manuals. */
const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** supervisord 4.2.5 and its newer head: configuration.rst. */
const supervisord: Readonly<Record<string, readonly string[]>> = {
  program:
    words(`command process_name numprocs numprocs_start priority autostart autorestart startsecs startretries exitcodes
    stopsignal stopwaitsecs stopasgroup killasgroup user redirect_stderr stdout_logfile stderr_logfile stdout_logfile_maxbytes
    stderr_logfile_maxbytes stdout_logfile_backups stderr_logfile_backups stdout_capture_maxbytes stderr_capture_maxbytes
    stdout_events_enabled stderr_events_enabled stdout_syslog stderr_syslog environment directory umask serverurl`),
  'fcgi-program': words('socket socket_backlog socket_owner socket_mode'),
  eventlistener: words('events buffer_size result_handler'),
  group: words('programs priority'),
  include: words('files'),
  unix_http_server: words('file chmod chown username password'),
  inet_http_server: words('port username password'),
  supervisorctl: words('serverurl username password prompt history_file'),
  supervisord:
    words(`logfile logfile_maxbytes logfile_backups loglevel pidfile umask nodaemon silent minfds minprocs nocleanup
    childlogdir user directory strip_ansi environment identifier`),
  rpcinterface: words('supervisor.rpcinterface_factory'),
  ctlplugin: words('supervisor.ctl_factory'),
};

/** PM2 7.0.4: lib/API/schema.json, and what its manual has besides. */
const pm2 =
  words(`script name name_prefix filter_env namespace install_url cwd args exec_interpreter node_args out_file error_file
  log_file disable_logs log_type log_date_format time env max_memory_restart pid_file restart_delay exp_backoff_restart_delay
  source_map_support disable_source_map_support wait_ready instances kill_timeout shutdown_with_message listen_timeout cron_restart
  merge_logs vizion autostart autorestart stop_exit_codes watch_delay watch ignore_watch watch_options min_uptime max_restarts
  execute_command exec_mode force append_env_to_name post_update trace disable_trace v8 event_loop_inspector deep_monitoring
  increment_var instance_var pmx automation treekill port username uid gid windowsHide kill_retry_time write io`);

const aliases: Readonly<Record<string, string>> = {
  exec: 'script',
  cmd: 'script',
  command: 'script',
  interpreter: 'exec_interpreter',
  interpreterArgs: 'node_args',
  interpreter_args: 'node_args',
  out: 'out_file',
  output: 'out_file',
  out_log: 'out_file',
  error: 'error_file',
  err: 'error_file',
  err_file: 'error_file',
  err_log: 'error_file',
  log: 'log_file',
  pid: 'pid_file',
  cron: 'cron_restart',
  combine_logs: 'merge_logs',
  user: 'uid',
  maxMemoryRestart: 'max_memory_restart',
  killTimeout: 'kill_timeout',
};

async function optionsIn(kind: Kind): Promise<ReadonlySet<string>> {
  const all = await Promise.all(fixtureNames(kind).map((name) => importFixture(kind, name)));
  return new Set(
    all.flatMap(({ daemon, programs }) =>
      [daemon, ...programs].flatMap(({ notes }) => notes.map(({ option }) => option)),
    ),
  );
}

test('the tables have exactly the options of supervisord', () => {
  expect(Object.keys(programRules).toSorted()).toEqual(supervisord['program']?.toSorted());
  expect(Object.keys(fcgiRules(new PortsTaken())).toSorted()).toEqual(supervisord['fcgi-program']?.toSorted());
  expect(Object.keys(listenerRules).toSorted()).toEqual(supervisord['eventlistener']?.toSorted());
  for (const [section, rules] of Object.entries(daemonRules)) {
    expect(Object.keys(rules).toSorted(), section).toEqual(supervisord[section]?.toSorted());
  }
  expect(Object.keys(daemonRules).length).toBe(4);
});

test('the tables have exactly the options of PM2, under all their names', () => {
  expect(Object.keys(appRules).toSorted()).toEqual(pm2.toSorted());
  const names = canonicalNames(appRules);
  for (const [alias, option] of Object.entries(aliases)) expect(names.get(alias), alias).toBe(option);
});

test('the examples have every option of supervisord', async () => {
  const seen = await optionsIn('supervisord');
  expect([...new Set(Object.values(supervisord).flat())].filter((option) => !seen.has(option))).toEqual([]);
});

test('the examples have every option of PM2, with env_X and deploy', async () => {
  const names = canonicalNames(appRules);
  const seen = new Set([...(await optionsIn('pm2'))].map((option) => names.get(option) ?? option));
  expect([...pm2, 'env_production', 'deploy', 'static'].filter((option) => !seen.has(option))).toEqual([]);
});

test('what is not mapped says why', async () => {
  for (const kind of ['supervisord', 'pm2'] as const) {
    for (const name of fixtureNames(kind)) {
      const { daemon, programs } = await importFixture(kind, name);
      const notes = [daemon, ...programs].flatMap((draft) => draft.notes);
      expect(
        notes.filter((note) => (note.fate === 'mapped') !== (note.text === '')),
        name,
      ).toEqual([]);
    }
  }
});
