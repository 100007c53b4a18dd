import { cpus, totalmem } from 'node:os';
import { expect, test } from 'vitest';
import { machine } from '../../../src/linux/machine.ts';
import { hostFacts, sample } from '../../../src/linux/sampler.ts';
import { startScript } from '../../harness/script.ts';
import { until } from '../../harness/until.ts';

const nobody = 2 ** 22 + 1;

test('memory is that of the process, and a busy one shows its CPU from the second sample on', async () => {
  await using busy = startScript(`
    console.log('up');
    const end = performance.now() + 60_000;
    while (performance.now() < end);
  `);
  await busy.line();
  const own = (await sample([process.pid])).get(process.pid);
  expect(own?.rssBytes).toBeGreaterThan(20e6);
  expect(own?.rssBytes).toBeLessThan(process.memoryUsage.rss() * 1.5);
  // A machine with much else to do gives it little.
  const enough = async (): Promise<boolean> => ((await sample([busy.pid])).get(busy.pid)?.cpuPercent ?? 0) > 5;
  await until(enough, { what: 'CPU above 5 %', interval: 200 });
});

test('who is gone is left out, alone or among others', async () => {
  expect([...(await sample([nobody]))]).toEqual([]);
  expect([...(await sample([process.pid, nobody])).keys()]).toEqual([process.pid]);
  expect([...(await sample([]))]).toEqual([]);
});

test('a second sample does not wait for one under way', async () => {
  const [first, second] = await Promise.all([sample([process.pid]), sample([process.pid])]);
  expect([first.size, second.size]).toEqual([1, 0]);
});

test('a token is 128 bits of chance', () => {
  const tokens = new Set(Array.from({ length: 100 }, () => machine.token()));
  expect(tokens.size).toBe(100);
  for (const token of tokens) expect(token).toMatch(/^[\da-f]{32}$/);
});

test('the machine tells its CPU, memory and system', async () => {
  const facts = await hostFacts();
  expect(facts?.physicalCores).toBeGreaterThanOrEqual(1);
  expect(facts?.physicalCores).toBeLessThanOrEqual(cpus().length);
  expect(facts?.memoryBytes).toBe(totalmem());
  expect(facts?.memoryAvailableBytes).toBeLessThan(totalmem());
  expect(facts?.kernel).toMatch(/^\d+\.\d+/);
  expect(facts?.cpu).not.toBe('');
});
