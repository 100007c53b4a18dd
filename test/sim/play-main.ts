import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { play } from './play.ts';

/** A thread's share of the histories; what breaks is its error. */
assert(parentPort !== null, 'a thread of fleet.test.ts');
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
parentPort.postMessage(play(workerData));
