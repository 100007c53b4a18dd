import { err, ok, type Result } from './result.ts';

/** As supervisord, systemd and everybody's `ls -h` have it: 1 KB is 1024 bytes. */
const units = [
  ['TB', 1024 ** 4],
  ['GB', 1024 ** 3],
  ['MB', 1024 ** 2],
  ['KB', 1024],
  ['B', 1],
] as const;

/** Sizes as people write them (`512KB`, `50MB`, `1.5GB`) in bytes. Knows no bounds. The error is a text for the operator, without the place. */
export function parseSize(written: string | number): Result<number, string> {
  const text = String(written).trim();
  if (/^-?[\d.]+$/.test(text)) return err(`${text} has no unit; write ${text}MB for megabytes or ${text}B for bytes`);
  const [, number, unit] = /^(\d+(?:\.\d+)?)(TB|GB|MB|KB|B)$/.exec(text) ?? [];
  const factor = units.find(([name]) => name === unit)?.[1];
  if (number === undefined || factor === undefined)
    return err(`${JSON.stringify(text)} is not a size; write it like 512KB, 50MB or 2GB`);
  return ok(Math.round(Number(number) * factor));
}

/** The shortest way to write it without a fraction: 1536 is `1536B`, 2048 `2KB`. `bytes` is a whole number ≥ 0. */
export function formatSize(bytes: number): string {
  const [unit, factor] = units.find(([, size]) => bytes >= size && bytes % size === 0) ?? ['B', 1];
  return `${bytes / factor}${unit}`;
}
