import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadLibc } from '../../src/linux/libc.ts';
import { watchNodeChildren } from '../../src/linux/node-children.ts';
import { allPids, statOf } from '../../src/linux/procfs.ts';
import { createReaper } from '../../src/linux/reaper.ts';
import { until } from './until.ts';

/**
 * Run by a shell that has left children behind (`sh -c 'sleep 1 & exec node reaper-main.ts N'`): reaps N of them while it starts and loses
 * children of its own. Prints what became of both as JSON.
 */
const wanted = Number(process.argv[2]);
const libc = loadLibc();
if (!libc.ok) throw new Error(libc.error.message);
const ours = watchNodeChildren();
const reaped: unknown[] = [];
const reaper = createReaper(libc.value, {
  isOurs: (pid) => ours.has(pid),
  onReaped: (_pid, { code, signal }) => reaped.push(signal ?? code),
});

const exits: unknown[] = [];
for (let round = 0; round < 40; round++) {
  const children = [3, 4].map((code) => spawn('sh', ['-c', `exit ${code}`]));
  const killed = spawn('sleep', ['60']);
  execFile('true');
  const ended = [...children, killed].map((child) => once(child, 'exit'));
  killed.kill('SIGTERM');
  for (const [code, signal] of await Promise.all(ended)) exits.push(signal ?? code);
}
await until(() => reaped.length >= wanted, { what: `${wanted} reaped`, explain: () => reaped });
const zombies = (): number[] =>
  allPids().filter((pid) => {
    const stat = statOf(pid);
    return stat?.ppid === process.pid && stat.state === 'Z';
  });
await until(() => zombies().length === 0, { what: 'no zombie', explain: zombies });
reaper.close();
console.log(JSON.stringify({ reaped, exits }));
