import { startDaemon } from './daemon.ts';
import { rollTimes, underLoad } from './roll-under-load.ts';

/** Rolls and scales `bind: worker` under load, in whatever network it is started in; prints the loss report. */
const [, , rolls = '10'] = process.argv;
const policy = { workers: 2, roll: { minReady: '0s' }, stop: { idleTimeout: '2s', drainTimeout: '10s' } };
const web = { bind: 'worker', command: [process.execPath, 'target-plain.cjs'], ...policy };

await using daemon = await startDaemon({ programs: { web } });
// Enough that something waits in a queue whenever one closes: without tcp_migrate_req some 50 of 9,500 are reset.
const loads = [{ connections: 32 }];
const [report] = await underLoad(daemon, {
  loads,
  act: async () => {
    await rollTimes(daemon, Number(rolls));
    for (const workers of [4, 1, 2]) {
      const reply = await daemon.api('POST', '/v1/scale', { program: 'web', workers });
      if (reply.status !== 200) throw new Error(`scale ${workers}: ${reply.text}`);
    }
  },
});
console.log(JSON.stringify(report));
