import { assert } from './assert.ts';

/** node:path's resolve() for the pure parts: POSIX, and `base` is absolute, so that no working directory is asked for. */
export function resolvePath(base: string, path: string): string {
  assert(base.startsWith('/'), `${base} is not absolute`);
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${base}/${path}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
