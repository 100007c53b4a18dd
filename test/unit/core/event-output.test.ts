import { expect, test } from 'vitest';
import { newScan, scanOutput } from '../../../src/core/event-output.ts';
import { outputNews } from '../../../src/core/event-payloads.ts';

const text = 'before <!--XSUPERVISOR:BEGIN-->a < b <!--XSUPERVISOR:END--> after <!-- no tag --> end\n';

/** What comes in pieces of this length: all that was written, and what was captured. */
function scan(size: number, max: number, said = text) {
  let state = newScan;
  let written = '';
  const captured: string[] = [];
  for (let at = 0; at < said.length; at += size) {
    const [next, ...outputs] = scanOutput(state, said.slice(at, at + size), max);
    state = next;
    for (const output of outputs) {
      if (output.is === 'written') written += output.text;
      else captured.push(output.text);
    }
  }
  return { written, captured };
}

test('what is between the tags is captured, however it is cut, and the tags are not told', () => {
  for (let size = 1; size <= text.length; size += 1) {
    const whole = { written: 'before a < b  after <!-- no tag --> end\n', captured: ['a < b '] };
    expect(scan(size, 100), `in pieces of ${size}`).toEqual(whole);
  }
});

test('of more than the limit the end is kept, and a tag that never ends costs no more', () => {
  expect(scan(3, 4).captured).toEqual(['< b ']);
  let state = newScan;
  for (let round = 0; round < 1_000; round += 1)
    [state] = scanOutput(state, round === 0 ? '<!--XSUPERVISOR:BEGIN-->' : 'x'.repeat(1_000), 10);
  expect(state).toEqual({ captured: 'xxxxxxxxxx', pending: '' });
});

test('where nothing is captured tags are text', () => {
  expect(scan(7, 0)).toEqual({ written: text, captured: [] });
});

test('payloads are supervisord’s', () => {
  const about = { pid: 7, stream: 'stderr' } as const;
  expect(outputNews('web', 1, { ...about, output: { is: 'written', text: 'x\n' } })).toEqual({
    name: 'PROCESS_LOG_STDERR',
    payload: 'processname:1 groupname:web pid:7 channel:stderr\nx\n',
  });
  expect(outputNews('web', 1, { ...about, output: { is: 'captured', text: 'x' } })).toEqual({
    name: 'PROCESS_COMMUNICATION_STDERR',
    payload: 'processname:1 groupname:web pid:7\nx',
  });
});
