import { expect, test } from 'vitest';
import { capability, effectiveCapabilities, environmentOf, hardLimit } from '../../../src/linux/proc-self.ts';
import { serviceOf } from '../../../src/linux/machine-facts.ts';

test.each([
  ['1024                 524288               files', 524_288],
  ['1024                 unlimited            files', Infinity],
])('the hard limit of open files: %s', (line, limit) => {
  const text = `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${line}\n`;
  expect(hardLimit(text, 'Max open files')).toBe(limit);
});

test('without its line there is no limit to tell', () => {
  expect(hardLimit('Max processes  1 2 processes\n', 'Max open files')).toBeUndefined();
});

test('capabilities are bits of CapEff', () => {
  const has = effectiveCapabilities('Name:\tnode\nCapPrm:\t000001ffffffffff\nCapEff:\t0000008000000400\n');
  expect([10, capability.bpf, capability.sysPtrace, capability.sysAdmin].map(has)).toEqual([true, true, false, false]);
  expect(effectiveCapabilities('Name: x')(0)).toBe(false);
});

test('what systemd started is told from what a terminal that systemd started has started', () => {
  expect(serviceOf(12, environmentOf('A=1\0NOTIFY_SOCKET=/run/systemd/notify\0'))).toBe('notify');
  expect(serviceOf(12, environmentOf('SYSTEMD_EXEC_PID=12\0'))).toBe('silent');
  expect(serviceOf(12, environmentOf('SYSTEMD_EXEC_PID=11\0INVOCATION_ID=x\0'))).toBe('none');
  expect(serviceOf(12, environmentOf('=odd\0B=c=d'))).toBe('none');
  expect(serviceOf(12, undefined)).toBeUndefined();
});
