import { rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RotationPolicy } from '../core/log-rotation.ts';
import { messageOf } from '../shared/errors.ts';
import { logLooksMax } from '../shared/limits.ts';
import { err, type Result } from '../shared/result.ts';
import type { Log } from '../supervisor/ports.ts';
import { compressBackup } from './compress-log.ts';
import { errorCodeOf } from './error-code.ts';
import { ifThere } from './if-there.ts';
import type { Libc } from './libc.ts';
import { findBackups, type FoundBackup } from './log-backups.ts';
import { type Cut, cutOf } from './log-cut.ts';
import { LogRoom } from './log-room.ts';
import type { OneAtATime } from './one-at-a-time.ts';
import { finishRotation, type RotationFailure, type RotationRules, rotateLog } from './rotate-log.ts';

/** A file that somebody appends to. */
export interface WatchedLog extends RotationPolicy {
  readonly path: string;
}

export interface LogKeeperOptions {
  /** Asked at each look. */
  readonly logs: () => readonly WatchedLog[];
  readonly rules: KeeperRules;
  readonly libc: () => Libc | undefined;
  readonly log: Log;
  /** What else changes logs takes its turn here. */
  readonly turns: OneAtATime;
}

/** core/log-rotation.ts. */
export interface KeeperRules extends RotationRules {
  isDue(sizeBytes: number, policy: RotationPolicy): boolean;
  compressible(backups: readonly FoundBackup[], policy: RotationPolicy): readonly FoundBackup[];
  expired(backups: readonly FoundBackup[], policy: RotationPolicy): readonly FoundBackup[];
}

/**
 * Looks at the size of each log every second and rotates those that are due, one at a time and off the event loop: an idle log costs one
 * stat(2) in a thread. Old backups are compressed and removed. Nothing of this is in the way of a worker, and a daemon that
 * is gone rotates nothing: then logs only grow.
 */
export class LogKeeper {
  readonly #options: LogKeeperOptions;
  readonly #room: LogRoom;
  readonly #timer: NodeJS.Timeout;
  readonly #stop = new AbortController();
  /** What is known of each log; forgotten with it. */
  readonly #known = new Map<string, Known>();
  readonly #cuts = new Map<string, Promise<Cut>>();
  #next = 0;
  #looks = 0;
  #busy: Promise<void> | undefined;
  #compressing: Promise<void> | undefined;

  constructor(options: LogKeeperOptions) {
    this.#options = options;
    this.#room = new LogRoom(options.log);
    this.#timer = setInterval(() => this.#tick(), lookMs);
    this.#timer.unref();
  }

  /** Resolves when nothing is under way any more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort();
    await Promise.all([this.#busy, this.#compressing]);
  }

  #tick(): void {
    this.#busy ??= this.#look()
      .catch((thrown: unknown) => {
        this.#options.log.error({ event: 'logLookFailed', error: String(thrown) }, 'a look at the logs broke');
      })
      .finally(() => (this.#busy = undefined));
  }

  async #look(): Promise<void> {
    const logs = unique(this.#options.logs());
    const paths = new Set(logs.map(({ path }) => path));
    for (const path of this.#known.keys()) if (!paths.has(path)) this.#known.delete(path);
    if (this.#looks++ % roomEvery === 0) await this.#room.look([...paths]);
    // Each in its turn: a fleet of hundreds is looked at over several seconds.
    const count = Math.min(logs.length, logLooksMax);
    for (let n = 0; n < count && !this.#stop.signal.aborted; n++) {
      const log = logs[(this.#next + n) % logs.length];
      if (log !== undefined) await this.#lookAt(log);
    }
    this.#next = logs.length === 0 ? 0 : (this.#next + count) % logs.length;
  }

  /** Its trouble is its own: the others are looked at all the same. */
  async #lookAt(log: WatchedLog): Promise<void> {
    const known = this.#known.get(log.path) ?? { met: false, notBefore: 0, tidyAt: 0, failed: false };
    this.#known.set(log.path, known);
    try {
      await this.#keep(log, known);
    } catch (thrown) {
      this.#tell(log, known, err({ code: errorCodeOf(thrown), why: messageOf(thrown) }));
    }
  }

  /** Throws as node:fs does. */
  async #keep(log: WatchedLog, known: Known): Promise<void> {
    const { rules, turns } = this.#options;
    const found = await ifThere(stat(log.path));
    if (found?.isFile() !== true) return;
    if (!known.met) await this.#meet(log, known);
    if (performance.now() >= known.tidyAt) await this.#tidy(log, known);
    if (!rules.isDue(found.size, log) || performance.now() < known.notBefore) return;
    const cut = await this.#cutIn(dirname(log.path));
    const rotated = await turns.run(() => rotateLog(log.path, log, cut, this.#tools()));
    this.#tell(log, known, rotated);
    if (rotated.ok) await this.#tidy(log, known);
  }

  /** The first look at a log: what a supervisor that died left is finished. */
  async #meet(log: WatchedLog, known: Known): Promise<void> {
    known.met = true;
    if (log.maxSize !== 'never') await this.#cutIn(dirname(log.path));
    const { turns, log: daemon } = this.#options;
    const finished = await turns.run(() => finishRotation(log.path, log, this.#tools()));
    if (!finished.ok) this.#tell(log, known, finished);
    else if (finished.value !== 'nothing')
      daemon.info(
        { event: 'logRotationFinished', path: log.path, left: finished.value },
        'finished a rotation that a former supervisor began',
      );
    await rm(`${log.path}.gz.part`, { force: true });
  }

  #tell(log: WatchedLog, known: Known, rotated: Result<unknown, RotationFailure>): void {
    const { log: daemon } = this.#options;
    const { path } = log;
    if (rotated.ok) {
      if (known.failed) daemon.info({ event: 'logRotationWorks', path }, 'the log can be rotated again');
      daemon.debug({ event: 'logRotated', path, bytes: rotated.value }, 'rotated a log');
      known.failed = false;
      return;
    }
    if (!known.failed)
      daemon.warn(
        { event: 'logRotationFailed', path, why: rotated.error.why },
        'a log cannot be rotated and grows on; tried again every ten seconds',
      );
    known.failed = true;
    known.notBefore = performance.now() + retryMs;
  }

  /** Removes what is too old, and has the rest compressed, one file at a time in the whole daemon. */
  async #tidy(log: WatchedLog, known: Known): Promise<void> {
    const { rules, turns, log: daemon } = this.#options;
    known.tidyAt = performance.now() + tidyMs;
    try {
      for (const { path } of rules.expired(await findBackups(log.path, rules), log)) await rm(path, { force: true });
      const [next] = rules.compressible(await findBackups(log.path, rules), log);
      if (next === undefined || this.#compressing !== undefined) {
        if (next !== undefined) known.tidyAt = 0;
        return;
      }
      this.#compressing = compressBackup(log.path, next, rules, turns, this.#stop.signal)
        .catch((thrown: unknown) => {
          if (this.#stop.signal.aborted) return;
          daemon.warn(
            { event: 'logNotCompressed', path: next.path, why: String(thrown) },
            'a backup stays uncompressed for now',
          );
          known.tidyAt = performance.now() + tidyMs;
        })
        .finally(() => (this.#compressing = undefined));
      known.tidyAt = 0;
    } catch (thrown) {
      daemon.debug(
        { event: 'logNotTidied', path: log.path, why: String(thrown) },
        'backups could not be looked through',
      );
    }
  }

  #cutIn(directory: string): Promise<Cut> {
    const known = this.#cuts.get(directory);
    if (known !== undefined) return known;
    const found = cutOf(directory, this.#options.libc()).then((cut) => {
      if (cut.by === 'truncate')
        this.#options.log.warn(
          { event: 'logRotationLossy', directory, why: cut.why },
          'rotating logs here may lose what is written in the same instant',
        );
      return cut;
    });
    this.#cuts.set(directory, found);
    return found;
  }

  #tools(): { rules: RotationRules; libc: Libc | undefined } {
    return { rules: this.#options.rules, libc: this.#options.libc() };
  }
}

interface Known {
  /** What a former supervisor left is finished. */
  met: boolean;
  /** Not rotated before that, nor looked through for old backups (performance.now()). */
  notBefore: number;
  tidyAt: number;
  /** The last rotation failed, and that was told. */
  failed: boolean;
}

/** Workers may share a file; its first policy counts. */
function unique(logs: readonly WatchedLog[]): readonly WatchedLog[] {
  return [...new Map(logs.toReversed().map((log) => [log.path, log])).values()];
}

const lookMs = 1_000;
const roomEvery = 5;
const retryMs = 10_000;
const tidyMs = 3_600_000;
