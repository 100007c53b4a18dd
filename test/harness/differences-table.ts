import { version } from '../../src/shared/version.ts';
import type { Step } from './supervisorctl-steps.ts';
import type { CallStep } from './xml-rpc-calls.ts';

/** The differences that the tests against a real supervisord expect, as Markdown: the same text for readers. */
export function differencesTables(steps: readonly Step[], calls: readonly CallStep[]): string {
  const commands = steps.flatMap(({ args, differs }) =>
    differs === undefined
      ? []
      : [row(code(`supervisorctl ${args}`), answer(differs.supervisord), answer(differs.portherd), differs.reason)],
  );
  const methods = calls.flatMap(({ call: [method, ...params], differs }) =>
    differs === undefined
      ? []
      : [
          row(
            code(`${method}(${params.map((param) => JSON.stringify(param)).join(', ')})`),
            code(JSON.stringify(differs.supervisord)),
            code(JSON.stringify(differs.portherd)),
            differs.reason,
          ),
        ],
  );
  return [
    row('command', 'supervisord', 'portherd', 'because'),
    '|---|---|---|---|',
    ...commands,
    '',
    row('call', 'supervisord', 'portherd', 'because'),
    '|---|---|---|---|',
    ...methods,
  ].join('\n');
}

export function fieldsTable(fields: Readonly<Record<string, string>>): string {
  const rows = Object.entries(fields).map(([field, why]) => row(code(field), why));
  return [row('field', 'portherd'), '|---|---|', ...rows].join('\n');
}

function row(...cells: readonly string[]): string {
  // A release must not change the page.
  return `| ${cells.join(' | ').replaceAll(version, '(portherd’s version)')} |`;
}

function answer([exitCode, output]: readonly [number, string]): string {
  return `${exitCode}: ${code(output.replace(/ {2,}/g, ' '))}`;
}

/** On one line, and with its pipes not taken for the table's. */
function code(text: string): string {
  const line = text.replaceAll('\n', ' ⏎ ').replaceAll('|', String.raw`\|`);
  return line === '' ? 'nothing' : `\`${line}\``;
}
