/** Which bytes of a file somebody means; supervisord's arithmetic (readFile and tailFile of its options.py), with a limit. */
export interface Range {
  readonly start: number;
  readonly length: number;
}

/** Of readProcessStdoutLog. Undefined for what supervisord calls BAD_ARGUMENTS. */
export function readRange(size: number, offset: number, length: number, bytesMax: number): Range | undefined {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || length < 0) return undefined;
  if (offset < 0) {
    if (length !== 0) return undefined;
    const wanted = Math.min(-offset, size, bytesMax);
    return { start: size - wanted, length: wanted };
  }
  const start = Math.min(offset, size);
  return { start, length: Math.min(length === 0 ? size : length, size - start, bytesMax) };
}

/**
 * Of tailProcessStdoutLog: always the end of the file, and also what was before `offset` when less than `length` is behind it. That is
 * how supervisord does it.
 */
export function tailRange(
  size: number,
  offset: number,
  length: number,
  bytesMax: number,
): (Range & { readonly overflow: boolean }) | undefined {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length)) return undefined;
  const overflow = size > offset + length;
  const wanted = !overflow && offset >= size ? 0 : Math.min(Math.max(0, length), size, bytesMax);
  return { start: size - wanted, length: wanted, overflow };
}
