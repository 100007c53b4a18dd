import { fstatSync } from 'node:fs';

/**
 * An app whose output is a file dies of a full disk: process.stdout.write, and console.log from its second failure on, make the stream emit
 * an error that nobody listens to (seen with Node 24.21). Behind a pipe it would not notice, and a server must not end because its log
 * cannot be written. So what does not fit is lost, and any other error is as if we were not here.
 *
 * Creating both streams takes 1.4 ms, which nearly every app does itself; only for files.
 */
export function outliveFullDisk(): void {
  if (fstatSync(1).isFile()) outlive(process.stdout);
  if (fstatSync(2).isFile()) outlive(process.stderr);
}

function outlive(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (noRoom.has(error.code) || stream.listenerCount('error') > 1) return;
    throw error; // as an error event without a listener does
  });
}

/** No space, no quota, over RLIMIT_FSIZE, a disk that fails (write(2)). */
const noRoom: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO']);
