import type { LogDisk } from './follow-log.ts';

/** The part of node:fs/promises that reading logs takes. */
interface Files {
  stat(
    path: string,
  ): Promise<{ readonly ino: number; readonly size: number; readonly mtimeMs: number; isFile(): boolean }>;
  open(path: string, flags: number): Promise<OpenFile>;
}

interface OpenFile {
  stat(): Promise<{ readonly ino: number; isFile(): boolean }>;
  read(into: Uint8Array, at: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  close(): Promise<void>;
}

/** `readOnly`: O_RDONLY | O_NONBLOCK, as open(2) of a FIFO would wait. Other errors than a missing file are thrown, and what is no regular file is one. */
export function logDiskOf(files: Files, readOnly: number): LogDisk {
  return {
    async stat(path) {
      try {
        const found = await files.stat(path);
        // A device or a FIFO never grows: its follower would wait for ever, without a word.
        if (!found.isFile()) throw new Error('it is not a regular file');
        const { ino, size, mtimeMs } = found;
        return { ino, size, mtimeMs };
      } catch (thrown) {
        if (isMissing(thrown)) return undefined;
        throw thrown;
      }
    },

    async read(path, inode, offset, length) {
      let file: OpenFile;
      try {
        file = await files.open(path, readOnly);
      } catch (thrown) {
        if (isMissing(thrown)) return undefined;
        throw thrown;
      }
      try {
        const stat = await file.stat();
        if (stat.ino !== inode || !stat.isFile()) return undefined;
        const bytes = new Uint8Array(length);
        const { bytesRead } = await file.read(bytes, 0, length, offset);
        return bytes.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
  };
}

function isMissing(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && thrown.code === 'ENOENT';
}
