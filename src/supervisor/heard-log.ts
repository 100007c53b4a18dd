import type { Log, LogFields } from './ports.ts';

/** A log that somebody hears, too: what the daemon says of itself is said in its log, and nowhere else. */
export class HeardLog implements Log {
  readonly #log: Log;
  hear: (fields: LogFields) => void = () => undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  debug(fields: LogFields, message: string): void {
    this.#log.debug(fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.#log.info(fields, message);
    this.hear(fields);
  }

  warn(fields: LogFields, message: string): void {
    this.#log.warn(fields, message);
    this.hear(fields);
  }

  error(fields: Parameters<Log['error']>[0], message: string): void {
    this.#log.error(fields, message);
    this.hear(fields);
  }
}
