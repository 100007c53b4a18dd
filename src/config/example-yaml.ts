import type { OptionTree } from './option.ts';
import { yamlValue } from './yaml-value.ts';

/** A config with every option in it, explained; it loads as it stands. The program is called `web`, the hook `page`. */
export function exampleYaml(root: OptionTree): string {
  const head = [
    '# Generated from the schema (npm run gen); do not edit: copy what you need.',
    '# Every option with its default. Where that says nothing, with an example, and the default in the comment.',
    '# yaml-language-server: $schema=schema.json',
  ];
  return `${[...head, '', ...body(root, '')].join('\n')}\n`;
}

function body(tree: OptionTree, indent: string): string[] {
  if (tree.is === 'section') {
    return Object.entries(tree.keys).flatMap(([key, inner], index) => [
      ...(index > 0 ? [''] : []),
      ...entry(key, inner, indent),
    ]);
  }
  if (tree.is === 'map') return [`${indent}${tree.sample}:`, ...body(tree.of, `${indent}  `)];
  if (tree.is === 'list') return [`${indent}- # ${tree.of.doc}`, ...body(tree.of, `${indent}  `)];
  return [];
}

function entry(key: string, tree: OptionTree, indent: string): string[] {
  const comment = [tree.doc, ...notes(tree)].map((line) => `${indent}# ${line}`);
  const absent = isAbsent(tree) ? '# ' : '';
  if (tree.is !== 'option') return [...comment, `${indent}${absent}${key}:`, ...body(tree, `${indent}  `)];
  return [...comment, `${indent}${absent}${key}: ${yamlValue(tree.example ?? tree.default)}`];
}

/** Nothing stands for it unless it is written; a section, when that is so of all its keys. */
function isAbsent(tree: OptionTree): boolean {
  if (tree.is === 'option') return !tree.required && tree.default === undefined && tree.shown !== true;
  return tree.is === 'section' && Object.values(tree.keys).every(isAbsent);
}

function notes(tree: OptionTree): string[] {
  if (tree.is === 'section' || tree.is === 'map') return [];
  const hidden = tree.default !== undefined && (tree.is === 'list' || tree.example !== undefined);
  const preset = hidden ? ` Default: ${yamlValue(tree.default)}.` : '';
  return [`Write ${tree.expects}.${preset} A change: ${tree.change}.`];
}
