/**
 * Bytes of a log as text: UTF-8, with U+FFFD for what is not. A part of a file may begin and end within a character: those bytes
 * are left out, as they are nobody's text.
 */
export function logText(bytes: Uint8Array): string {
  const first = bytes.subarray(0, 3).findIndex((byte) => !isContinuation(byte));
  const start = first < 0 ? Math.min(3, bytes.length) : first;
  const whole = bytes.subarray(start, Math.max(start, bytes.length - openTail(bytes)));
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(whole);
}

/** How many bytes at the end begin a character that does not end (RFC 3629, 3). */
function openTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (isContinuation(byte)) continue;
    const expected = byte >= 0xf0 && byte <= 0xf4 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
    return byte <= 0xf4 && expected > back ? back : 0;
  }
  return 0;
}

function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte < 0xc0;
}
