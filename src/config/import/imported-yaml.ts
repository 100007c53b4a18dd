import type { OptionTree } from '../option.ts';
import type { Draft, Imported, Note } from './outcome.ts';
import { flowText, keyText, scalarText } from './yaml-text.ts';

/**
 * What was imported as a portherd.yaml: programs without what is the default anyway, in the schema's order, and above each key what
 * differs from the other supervisor. What has no counterpart is said at the end of its program. `schema` is the whole file's.
 */
export function importedYaml({ kind, file, daemon, programs }: Imported, schema: OptionTree): string {
  const wholeFile = treeOf(daemon.settings);
  const supervisor = blockOf(wholeFile['supervisor'], childOf(schema, 'supervisor'), daemon.notes, '  ');
  const daemonComments = [
    ...remarks('Differs', 'approximated', daemon, []),
    ...remarks('No counterpart', 'none', daemon, []),
  ];
  const program = childOf(childOf(schema, 'programs'), '');
  const lines = [
    `# Made from ${printable(file)} (${kind}) by \`portherd import\`. Check it with \`portherd check\`, then compare it with the old one.`,
    '# Every key, with its default: config/OPTIONS.md of portherd.',
    ...(supervisor.length === 0 ? [] : ['supervisor:', ...supervisor, '']),
    ...(daemonComments.length === 0 ? [] : [...daemonComments, '']),
    'programs:',
    ...programs.flatMap((draft, index) => [...(index > 0 ? [''] : []), ...programLines(draft, program)]),
  ];
  return `${lines.join('\n')}\n`;
}

function programLines(draft: Draft, schema: OptionTree | undefined): string[] {
  const settings = treeOf(draft.settings);
  const block = blockOf(settings, schema, draft.notes, '    ');
  const shown = Object.keys(settings).filter((key) => block.some((line) => line.startsWith(`    ${key}:`)));
  return [
    `  # ${printable(draft.from)}`,
    `  ${keyText(draft.name)}:`,
    ...block,
    ...remarks('Differs', 'approximated', draft, shown).map((line) => `    ${line}`),
    ...remarks('No counterpart', 'none', draft, []).map((line) => `    ${line}`),
  ];
}

/** Notes that do not stand above a key of their own. */
function remarks(title: string, fate: Note['fate'], draft: Draft, shown: readonly string[]): string[] {
  const rest = draft.notes.filter(
    (note) => note.fate === fate && (note.key === undefined || !shown.includes(note.key)),
  );
  const subject = (note: Note): string => (note.subject === draft.name ? '' : `[${note.subject}] `);
  return rest.length === 0
    ? []
    : [`# ${title}:`, ...rest.flatMap((note) => comment(`- ${subject(note)}${said(note)}`))];
}

type Tree = Readonly<Record<string, unknown>>;

/** `{ 'stop.signal': 'INT' }` is `{ stop: { signal: 'INT' } }`. */
function treeOf(settings: Draft['settings']): Tree {
  const tree: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(settings)) {
    const steps = path.split('.');
    const last = steps.pop() ?? '';
    let at: Record<string, unknown> = tree;
    for (const step of steps) {
      const inner = at[step];
      const next: Record<string, unknown> = isTree(inner) ? { ...inner } : {};
      at[step] = next;
      at = next;
    }
    at[last] = value;
  }
  return tree;
}

function blockOf(tree: unknown, schema: OptionTree | undefined, notes: readonly Note[], indent: string): string[] {
  if (!isTree(tree) || schema?.is !== 'section') return [];
  return Object.keys(schema.keys).flatMap((key) => {
    const [value, inner] = [tree[key], schema.keys[key]];
    if (value === undefined || isDefault(value, inner)) return [];
    const about = notes.filter((note) => note.key === key && note.fate === 'approximated');
    const comments = about.flatMap((note) => comment(said(note))).map((line) => `${indent}${line}`);
    if (inner?.is !== 'section') return [...comments, ...valueLines(key, value, indent)];
    const block = blockOf(value, inner, [], `${indent}  `);
    return block.length === 0 ? [] : [...comments, `${indent}${key}:`, ...block];
  });
}

function valueLines(key: string, value: unknown, indent: string): string[] {
  if (!isTree(value)) {
    const text = Array.isArray(value) ? flowText(value) : scalarText(value);
    return [`${indent}${key}: ${text}`];
  }
  const pairs = Object.entries(value).map(([name, one]) => `${indent}  ${keyText(name)}: ${scalarText(one)}`);
  return [`${indent}${key}:`, ...pairs];
}

function isDefault(value: unknown, schema: OptionTree | undefined): boolean {
  if (schema === undefined || schema.is === 'section' || schema.is === 'map') return false;
  return JSON.stringify(value) === JSON.stringify(schema.default);
}

function childOf(schema: OptionTree | undefined, key: string): OptionTree | undefined {
  if (schema?.is === 'section') return schema.keys[key];
  return schema?.is === 'map' ? schema.of : undefined;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function said({ option, written, text }: Note): string {
  return `${option}${written === '' ? '' : `=${written}`}: ${text}`;
}

const commentCharsMax = 110;

/** Broken at spaces; the second line is indented, so that a list can be read. */
function comment(text: string): string[] {
  const lines: string[] = [];
  let line = '#';
  for (const word of printable(text).split(' ')) {
    if (line.length + 1 + word.length > commentCharsMax && line.trim() !== '#') {
      lines.push(line);
      line = '#  ';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/** A second line would be YAML, and control characters are not. */
function printable(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[^\P{C}]/gu, '?');
}
