import { describe, expect, test } from 'vitest';
import { readCommandLine } from '../../../src/cli/command-line.ts';
import { portherdTool } from '../../../src/cli/daemon-tool.ts';
import { commandHelp, toolHelp } from '../../../src/cli/help-page.ts';
import { portherdctl } from '../../../src/cli/tool.ts';

const pages = [portherdctl, portherdTool].flatMap((tool) => tool.commands.map((command) => ({ tool, command })));
const widths = [80, 100, 300];

test('the page of a tool names every command', () => {
  for (const tool of [portherdctl, portherdTool]) {
    const page = toolHelp(tool, 100);
    for (const { name } of tool.commands) expect(page).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    for (const { words } of tool.commands) expect(page).toContain(words);
  }
});

describe.each(pages)('the page of $tool.name $command.name', ({ tool, command }) => {
  test('shows its usage, options and examples', () => {
    const page = commandHelp(tool, command, 100);
    expect(page.startsWith(`Usage: ${tool.name} ${command.name}`)).toBe(true);
    expect(page).toContain('--socket');
    expect(command.examples.length).toBeGreaterThan(0);
    for (const [line] of command.examples) expect(page).toContain(`\n  ${line}`);
    for (const option of Object.keys(command.options ?? {})) expect(page).toContain(`--${option}`);
  });

  test.each(widths)('fits %i columns, without a gap in a list', (columns) => {
    const page = commandHelp(tool, command, columns);
    const longest = Math.max(...command.examples.map(([line]) => line.length), 37, Math.min(columns, 100) - 2);
    for (const line of page.split('\n')) expect(line.length, line).toBeLessThanOrEqual(longest + 2);
    expect(page).not.toMatch(/\n\n\n|\n\n {2}|\[(string|boolean)\]| $/m);
  });

  test('its examples can be read', () => {
    for (const [line] of command.examples) {
      const [name, ...args] = line.split(/ >/, 1).join().split(' ');
      expect(name).toBe(tool.name);
      expect(readCommandLine(tool, args).ok, line).toBe(true);
    }
  });
});

test('the value of an option stands beside its name, and a long name has its meaning below', () => {
  const page = commandHelp(
    {
      name: 'it',
      summary: 'Does things',
      options: { socket: { alias: 's', value: 'PATH', doc: 'Where' } },
      commands: [],
      examples: [],
    },
    {
      name: 'do',
      words: 'WHAT',
      summary: 'Do it',
      details: 'One line.\nAnother.',
      options: { force: { doc: 'Do it at once, whatever it takes' } },
      examples: [['it do --force something-that-is-long', 'at once']],
    },
    50,
  );
  expect(page).toBe(`Usage: it do WHAT

Do it.

One line.
Another.

Options:
      --force  Do it at once, whatever it takes

Options of every command:
  -s, --socket PATH  Where

Examples:
  it do --force something-that-is-long
    at once`);
});
