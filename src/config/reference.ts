import { exampleYaml } from './example-yaml.ts';
import { daemonMeanings, factMeanings, problemEvents } from './hook-events.ts';
import { jsonSchemaOf, type OptionTree, type SectionTree, treeOf } from './option.ts';
import { configSchema } from './schema.ts';
import { yamlValue } from './yaml-value.ts';

/** The generated files of config/, by name. `npm run gen` writes them; a test fails when one is stale. */
export function references(): Readonly<Record<string, string>> {
  return {
    'OPTIONS.md': optionsMarkdown(),
    'schema.json': schemaJson(),
    'full-example.yaml': exampleYaml(treeOf(configSchema)),
  };
}

/** For editors: `# yaml-language-server: $schema=schema.json` in a config completes and checks it. */
function schemaJson(): string {
  const { $schema, ...rest } = jsonSchemaOf(configSchema);
  return `${JSON.stringify({ $schema, title: 'portherd', ...rest }, undefined, 2)}\n`;
}

function optionsMarkdown(): string {
  const intro = `# Every option

Generated from the schema (\`npm run gen\`); do not edit. \`full-example.yaml\` shows them in place.

Paths are relative to the config file, durations carry their unit (\`500ms\`, \`10s\`, \`1m30s\`, \`2h\`), and a key that is not listed here is
an error. **Change** says what \`portherdctl update\` does with a new value:

- **live**: it counts from now on; no process is touched
- **scale**: slots are added or drained; the other workers stay
- **roll**: every worker is replaced, slot by slot, without losing a connection
- **restart**: the program stops and starts; under \`supervisor\` it waits until the daemon is restarted

In \`command\`, \`directory\`, \`envFile\`, the values of \`environment\` and the paths of \`logs\`, \`%(ENV_NAME)s\` stands for a variable of the
daemon’s environment when it reads the file, \`%(program_name)s\` for the program, \`%(host_node_name)s\` for the machine, and \`%(process_num)d\` or
\`%(slot)d\` for the slot (not in \`directory\` and \`envFile\`; \`%(slot)02d\` is padded). \`%%\` is a %; any other % stands for itself.
In \`command\`, \`url\` and \`headers\` of a hook there are \`%(ENV_NAME)s\` and \`%(host_node_name)s\`.

A program’s name has 1 to 64 letters, digits, dots, \`_\` or \`-\`, the first a letter or digit, and is not \`all\`.
`;
  return [intro, ...tables(treeOf(configSchema), ''), eventTable()].join('\n');
}

/** The events of hooks, as they are named in the daemon's log. */
function eventTable(): string {
  return `## Events

What \`events\` of a hook names. \`all\` stands for all of them, \`problems\` for those marked.

| Event | Problem | Told when |
|---|---|---|
${[...Object.entries(factMeanings), ...Object.entries(daemonMeanings)].map(eventRow).join('\n')}
`;
}

function eventRow([name, meaning]: readonly [name: string, meaning: string]): string {
  return `| \`${name}\` | ${problemEvents.some((one) => one === name) ? 'yes' : ''} | ${meaning} |`;
}

/** One table per section, outer ones first. */
function tables(tree: OptionTree, path: string): string[] {
  if (tree.is === 'map') return tables(tree.of, `${path}.NAME`);
  if (tree.is === 'list') return tables(tree.of, `${path}[]`);
  if (tree.is === 'option') return [];
  const inner = Object.entries(tree.keys).flatMap(([key, one]) => tables(one, path === '' ? key : `${path}.${key}`));
  if (path !== '') return [table(tree, path), ...inner];
  const own = Object.entries(tree.keys).filter(([, one]) => one.is === 'option');
  return [table({ ...tree, keys: Object.fromEntries(own) }, 'The file'), ...inner];
}

function table(section: SectionTree, path: string): string {
  const rows = Object.entries(section.keys).flatMap(([key, tree]) => {
    const cells = row(tree, path, key);
    return cells === undefined ? [] : [`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`];
  });
  const head = '| Key | Write | Default | Change | Meaning |\n|---|---|---|---|---|';
  return `## ${path}\n\n${section.doc}\n\n${rows.length > 0 ? `${head}\n${rows.join('\n')}\n` : ''}`;
}

function row(tree: OptionTree, path: string, key: string): string[] | undefined {
  if (tree.is === 'section' || tree.is === 'map') {
    return [`\`${key}\``, `see [${path}.${key}](#${anchor(`${path}.${key}`)})`, '', '', tree.doc];
  }
  return [`\`${key}\``, tree.expects, presetOf(tree), tree.change, tree.doc];
}

function presetOf(tree: Exclude<OptionTree, SectionTree | { is: 'map' }>): string {
  if (tree.default !== undefined) return `\`${yamlValue(tree.default)}\``;
  return tree.is === 'option' && tree.required ? '**required**' : '';
}

/** As GitHub makes them of headings. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}
