import type { Finding } from '../../shared/finding.ts';
import { type Colour, type Paint, printable } from '../screen.ts';
import { wrap } from './wrap.ts';

/** A line each, and the cure below it; text is wrapped in its column when `columns` is finite. Then what they come to. */
export function findingsText(findings: readonly Finding[], columns: number, paint: Paint): string[] {
  const subjects = Math.max(...findings.map(({ subject }) => subject.length));
  const indent = verdictWidth + subjects + 4;
  const width = Math.max(columns - indent, 30);
  const lines = findings.flatMap(({ is, subject, text, cure }) => {
    const said = wrap(printable(text), width);
    const cured = cure === undefined ? [] : wrap(printable(cure), width).map((line) => paint('cyan', line));
    return [...said, ...cured].map((line, at) => {
      const margin = `${paint(colours[is], is.padEnd(verdictWidth))}  ${subject.padEnd(subjects)}  `;
      return `${at === 0 ? margin : ' '.repeat(indent)}${line}`;
    });
  });
  return [...lines, '', sum(findings)];
}

/** 0 unless something failed. */
export function findingsExit(findings: readonly Finding[]): number {
  return findings.some(({ is }) => is === 'failure') ? 1 : 0;
}

const verdictWidth = 'warning'.length;
const colours: Readonly<Record<Finding['is'], Colour>> = { ok: 'green', warning: 'yellow', failure: 'red' };

function sum(findings: readonly Finding[]): string {
  const count = (is: Finding['is']): number => findings.filter((one) => one.is === is).length;
  const [warnings, failures] = [count('warning'), count('failure')];
  return `${count('ok')} ok, ${warnings} warning${warnings === 1 ? '' : 's'}, ${failures} failure${failures === 1 ? '' : 's'}`;
}
