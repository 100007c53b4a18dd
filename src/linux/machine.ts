import { randomBytes } from 'node:crypto';
import type { Machine } from '../supervisor/ports.ts';
import { sample } from './sampler.ts';

/** What the supervisor asks about itself, and its processes' figures. */
export const machine: Machine = {
  pid: process.pid,
  node: process.version,
  rss: () => process.memoryUsage.rss(),
  token: () => randomBytes(16).toString('hex'),
  sample,
};
