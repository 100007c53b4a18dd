import { readdirSync, readFileSync } from 'node:fs';
import { loadLibc } from '../../src/linux/libc.ts';
import { meetServiceManager } from '../../src/linux/systemd.ts';

/** Run by descriptor-heir.ts. */
const warnings: unknown[] = [];
const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, error: quiet, warn: (fields: unknown) => warnings.push(fields) };
const listen: { name: string; host: string; port: number }[] = JSON.parse(process.env['HEIR_LISTEN'] ?? '[]');
const programs = [{ bind: 'slot' as const, listen: listen.map((one) => ({ ...one, backlog: 100 })) }];
const manager = meetServiceManager(process.env, loadLibc, log);
const units = manager.givenTo(programs);
const stored = manager.stored.map(({ fd, name, facts }) => ({ fd, name, inode: facts.inode }));
const given = listen.flatMap((one) => units.take('web', one)).map(({ fd, inode, kept }) => ({ fd, inode, kept }));
manager.handOver();
const letter = process.env['PORTHERD_UNIT_SOCKETS'];
const handed = Array.from({ length: Number(process.env['HEIR_COUNT']) }, (_, at) => at + 3);
const open = readdirSync('/proc/self/fd')
  .map(Number)
  .filter((fd) => handed.includes(fd) && isSocket(fd));
const closeOnExec = open.filter((fd) => (flagsOf(fd) & 0o2000000) !== 0);
const environment = Object.keys(process.env).filter((name) => name.startsWith('LISTEN_'));
console.log(JSON.stringify({ stored, given, warnings, environment, open, closeOnExec, letter }));

/** Node has taken the numbers of those that were closed. */
function isSocket(fd: number): boolean {
  return [...stored, ...given].some((one) => one.fd === fd);
}

function flagsOf(fd: number): number {
  return Number.parseInt(/flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0', 8);
}
