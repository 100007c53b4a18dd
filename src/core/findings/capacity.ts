import { failed, type Finding, okay, warning } from '../../shared/finding.ts';
import { controlClientsMax } from '../../shared/limits.ts';
import type { Facts } from './facts.ts';
import { programsOf } from './programs.ts';

/** Whether there are descriptors and CPUs enough. */
export function capacityFindings(facts: Facts): readonly Finding[] {
  return [openFiles(facts), cpus(facts)];
}

/** Standard streams, event loop, lock, sockets of the daemon itself, and what an update opens for a while. */
const ownDescriptors = 64;

/** Of each worker: its channel, two logs while it starts, a probe; and its replacement has the same for a while. */
const descriptorsPerWorker = 6;

/** Every connection is a descriptor in its worker. systemd's default hard limit is 524,288 (systemd-system.conf(5)). */
const roomyLimit = 8_192;

function openFiles({ openFilesMax, config }: Facts): Finding {
  const subject = 'open files';
  const need = programsOf(config).reduce(
    (sum, { workers, listen }) => sum + workers * (descriptorsPerWorker + listen.length),
    ownDescriptors + controlClientsMax,
  );
  const cure =
    'Raise it: LimitNOFILE=524288 in the unit, --ulimit nofile=524288 of a container, `ulimit -Hn` in a shell.';
  if (openFilesMax < need) return failed(subject, `at most ${openFilesMax}, and the daemon needs ${need}`, cure);
  if (openFilesMax < roomyLimit) {
    return warning(subject, `at most ${openFilesMax}, so a worker serves fewer connections than that at once`, cure);
  }
  return okay(
    subject,
    `at most ${openFilesMax === Infinity ? 'as many as wanted' : openFilesMax}; the daemon needs ${need}`,
  );
}

function cpus({ cpus: { usable, allowed }, config }: Facts): Finding {
  const subject = 'CPUs';
  const quota = usable < allowed ? ` (${allowed}, cut by the quota of its control group)` : '';
  const has = `${usable}${quota}`;
  const programs = programsOf(config);
  const crowded = programs.filter(({ workers }) => workers > usable);
  if (crowded.length > 0) {
    const list = crowded.map(({ name, workers }) => `${name} ${workers}`).join(', ');
    const text = `${has}, and more workers than that: ${list}; they take turns`;
    return warning(subject, text, 'Use `workers: auto` unless they wait for something other than the CPU.');
  }
  const list = programs.map(({ name, workers }) => `${name} ${workers}`).join(', ');
  return okay(subject, programs.length === 0 ? has : `${has}; workers: ${list}`);
}
