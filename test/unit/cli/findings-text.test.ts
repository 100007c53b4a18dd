import { expect, test } from 'vitest';
import { findingsExit, findingsText } from '../../../src/cli/render/findings-text.ts';
import { wrap } from '../../../src/cli/render/wrap.ts';
import { unpainted } from '../../../src/cli/screen.ts';
import type { Finding } from '../../../src/shared/finding.ts';

const findings: readonly Finding[] = [
  { is: 'ok', subject: 'Node', text: '24.21.0' },
  {
    is: 'warning',
    subject: 'somaxconn',
    text: '128 cuts the backlog of 1024 (web)',
    cure: 'sysctl -w net.core.somaxconn=4096',
  },
  { is: 'failure', subject: 'port 80', text: 'held', cure: 'Stop it.' },
];

test('findings stand in columns, with the cure below', () => {
  expect(findingsText(findings, Infinity, unpainted)).toEqual([
    'ok       Node       24.21.0',
    'warning  somaxconn  128 cuts the backlog of 1024 (web)',
    '                    sysctl -w net.core.somaxconn=4096',
    'failure  port 80    held',
    '                    Stop it.',
    '',
    '1 ok, 1 warning, 1 failure',
  ]);
});

test('on a terminal they are wrapped within their column', () => {
  expect(findingsText(findings, 50, unpainted).slice(1, 4)).toEqual([
    'warning  somaxconn  128 cuts the backlog of 1024',
    '                    (web)',
    '                    sysctl -w',
  ]);
});

test('a command line of somebody else cannot move the cursor', () => {
  const evil: Finding = { is: 'ok', subject: 'port 1', text: 'held by pid 2 (\u001B[2Jx)' };
  expect(findingsText([evil], Infinity, unpainted)[0]).toBe('ok       port 1  held by pid 2 (\uFFFD[2Jx)');
});

test('only a failure makes the exit code 1', () => {
  expect(findingsExit(findings)).toBe(1);
  expect(findingsExit(findings.slice(0, 2))).toBe(0);
});

test('a word that is too long stands alone', () => {
  expect(wrap('a loooooong b c', 4)).toEqual(['a', 'loooooong', 'b c']);
});
