import { startDaemon } from './daemon.ts';

/** Starts a program with a long queue, in whatever network it is started in; prints the daemon's warnings and the queue's limit. */
const listen = [{ port: 0, host: '127.0.0.1', backlog: 1_000 }];
const web = { command: [process.execPath, 'target-plain.cjs'], workers: 1, listen };

await using daemon = await startDaemon({ programs: { web } });
const warnings = daemon.log.filter(({ level }) => level === 'warn');
const { programs } = (await daemon.api('GET', '/v1/connections')).json();
console.log(JSON.stringify({ warnings, backlog: programs[0].slots[0].backlog }));
