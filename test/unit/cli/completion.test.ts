import { describe, expect, test } from 'vitest';
import { candidates } from '../../../src/cli/completion/candidates.ts';
import { completionScript } from '../../../src/cli/completion/scripts.ts';
import { completionTable, shells } from '../../../src/cli/completion/table.ts';
import { portherdTool } from '../../../src/cli/daemon-tool.ts';
import type { NamedKind } from '../../../src/cli/known-names.ts';
import { commands, portherdctl } from '../../../src/cli/tool.ts';

/** What Tab offers in portherdctl's shell. The scripts for other shells are tried out in those: integration/completion.test.ts. */

const table = completionTable(portherdctl);

function offered(line: string) {
  return candidates(table, line.split(' '), named);
}

function named(kind: NamedKind): Promise<readonly string[]> {
  return Promise.resolve([`${kind}:a`, `${kind}:b`]);
}

describe('Tab offers', () => {
  test('commands, and other words for them', async () => {
    expect(await offered('re')).toEqual(['restart', 'rebalance', 'reread', 'remove', 'reload']);
    expect(await offered('qu')).toEqual(['quit']);
    expect(await offered('')).toHaveLength(commands.length + 2);
  });

  test.each([
    ['start ', ['name:a', 'name:b']],
    ['start name:a ', ['name:b']],
    ['start x y z name:b', ['name:b']],
    ['scale ', ['program:a', 'program:b']],
    ['fg ', ['slot:a', 'slot:b']],
    ['add ', ['configured:a', 'configured:b']],
    ['signal US', ['USR1', 'USR2']],
    ['signal HUP ', ['name:a', 'name:b']],
    ['tail name:a std', ['stdout', 'stderr']],
    ['hooks ', ['test']],
    ['hooks test ', ['hook:a', 'hook:b']],
    ['completion ', [...shells]],
    ['help unk', []],
    ['nope ', []],
    ['version ', []],
    ['open ', []],
  ])('after %j: %j', async (line, words) => {
    expect(await offered(line)).toEqual(words);
  });

  test('options of the command and of the tool, and no name where an option wants its value', async () => {
    expect(await offered('update --d')).toEqual(['--dry-run']);
    expect(await offered('roll --')).toEqual(expect.arrayContaining(['--no-wait', '--json', '--socket']));
    expect(await offered('curl -m ')).toEqual([]);
    expect(await offered('curl -m 5 ')).toEqual(['slot:a', 'slot:b']);
    expect(await offered('curl -i ')).toEqual(['slot:a', 'slot:b']);
  });
});

test.each(shells)('the script for %s names every command and option', (shell) => {
  for (const tool of [portherdctl, portherdTool]) {
    const script = completionScript(tool, shell) ?? '';
    for (const { names, options } of completionTable(tool).commands) {
      for (const name of names) expect(script).toContain(name);
      for (const flag of options.flatMap(({ flags }) => flags))
        expect(script).toContain(shell === 'fish' ? flag.replace(/^--/, '-l ').replace(/^-(?=\w$)/, '-s ') : flag);
    }
  }
});

test('there is none for other shells', () => {
  expect(completionScript(portherdctl, 'tcsh')).toBeUndefined();
});
