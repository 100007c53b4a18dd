import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as rules from '../../src/core/log-rotation.ts';
import { loadLibc } from '../../src/linux/libc.ts';
import { cutOf } from '../../src/linux/log-cut.ts';
import { rotateLog } from '../../src/linux/rotate-log.ts';

/** Rotates a log whenever it has so many bytes, until it is killed: `node rotate-main.ts LOG BYTES`. Tells of the first rotation. */
const [log = '', bytes = ''] = process.argv.slice(2);
const libc = loadLibc();
if (!libc.ok) throw new Error(libc.error.message);
const cut = await cutOf(dirname(log), libc.value);
for (;;) {
  if ((await stat(log)).size < Number(bytes)) {
    await sleep(1);
    continue;
  }
  const rotated = await rotateLog(log, { keep: 1_000 }, cut, { rules, libc: libc.value });
  if (!rotated.ok) throw new Error(rotated.error.why);
  console.log(rotated.value);
}
