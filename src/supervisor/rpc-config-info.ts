import { priorityOfListeners, usualPriority } from '../config/resolve.ts';
import { listensToEvents } from '../config/events-schema.ts';
import type { ProgramConfig } from '../config/schema.ts';
import { type RpcStruct, struct } from '../protocol/xml-rpc.ts';
import { forSlot } from '../shared/percent-text.ts';
import { signalNumbers } from '../shared/signal-name.ts';
import { capped } from './rpc-context.ts';

/**
 * A slot's config in supervisord's words. What portherd decides otherwise has the value that comes closest: a process counts as
 * started when it is proved ready, not after startsecs.
 */
export function configInfo(
  config: ProgramConfig,
  slot: number,
  inuse: boolean,
  paths: { readonly stdout: string; readonly stderr: string },
): RpcStruct {
  const { name, stop, logs, priority } = config;
  const joined = logs.stderr === 'stdout';
  return struct({
    name: String(slot),
    group: name,
    inuse,
    autostart: config.autostart,
    command: config.command.map((word) => quoted(forSlot(word, name, slot))).join(' '),
    directory: config.directory,
    uid: config.user === undefined ? 'none' : /^\d+$/.test(config.user) ? capped(Number(config.user)) : config.user,
    exitcodes: config.exitCodes,
    group_prio: priority,
    // supervisord has its default for listeners for the group alone.
    process_prio: listensToEvents(config) && priority === priorityOfListeners ? usualPriority : priority,
    killasgroup: stop.killGroup,
    redirect_stderr: joined,
    startretries: config.startRetries,
    startsecs: 0,
    stopsignal: signalNumbers[stop.signal],
    stopwaitsecs: capped(Math.ceil((stop.drainTimeout + stop.killTimeout) / 1_000)),
    serverurl: 'none',
    ...output('stdout', paths.stdout, logs),
    ...output('stderr', joined ? 'none' : paths.stderr, logs),
  });
}

function output(stream: 'stdout' | 'stderr', path: string, { maxSize, keep, events, capture }: ProgramConfig['logs']) {
  return {
    [`${stream}_logfile`]: path === 'inherit' ? 'none' : path,
    [`${stream}_logfile_maxbytes`]: maxSize === 'never' ? 0 : capped(maxSize),
    [`${stream}_logfile_backups`]: keep,
    [`${stream}_capture_maxbytes`]: capture === 'never' ? 0 : capture,
    [`${stream}_events_enabled`]: events.includes(stream),
    [`${stream}_syslog`]: false,
  };
}

/** As a shell would need it; for reading, nobody runs it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
