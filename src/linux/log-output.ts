import { writeSync } from 'node:fs';
import { logBufferBytesMax } from '../shared/limits.ts';

/**
 * A descriptor for log lines that survives a full disk and a slow or vanished reader: written synchronously and in order;
 * what is refused waits for the next line, and beyond `logBufferBytesMax` lines are counted instead.
 *
 * It stands in for pino's own (sonic-boom 5), which sleeps or spins for ever on such errors when writing synchronously.
 */
export interface LogOutput {
  write(line: string): void;
  /** Tries once what waits. */
  flush(): void;
}

/** `descriptor` is asked at each write. `lost` is the line that tells of lost lines, written in their place. */
export function createLogOutput(descriptor: () => number, lost: (lines: number) => string): LogOutput {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let lostLines = 0;

  function flush(): void {
    let [chunk] = waiting;
    while (chunk !== undefined) {
      const written = tryWrite(descriptor(), chunk);
      waitingBytes -= written;
      // The rest of a line that was written in part stays first.
      waiting = written === chunk.length ? waiting.slice(1) : [chunk.subarray(written), ...waiting.slice(1)];
      if (written === 0) return;
      [chunk] = waiting;
    }
  }

  function append(line: string): void {
    const chunk = Buffer.from(line);
    waiting.push(chunk);
    waitingBytes += chunk.length;
  }

  function write(line: string): void {
    flush();
    if (waitingBytes + line.length > logBufferBytesMax) {
      lostLines += 1;
      return;
    }
    if (lostLines > 0) append(lost(lostLines));
    lostLines = 0;
    append(line);
    flush();
  }

  return { write, flush };
}

/** 0 when nothing can be written now: ENOSPC, EAGAIN, EPIPE, EIO. A log has nobody to complain to. */
function tryWrite(fd: number, bytes: Buffer): number {
  try {
    return writeSync(fd, bytes);
  } catch {
    return 0;
  }
}
