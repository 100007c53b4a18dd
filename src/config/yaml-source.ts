import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import { messageOf } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { type Path, pathText, type Place, type Problem } from './problems.ts';

/**
 * A YAML 1.2 text (JSON is one) as a value that remembers where each part was written. The only file that imports yaml. Knows no option.
 * Hostile texts end in an error: alias bombs, deep nesting, duplicate and strange keys, tags, several documents.
 */
export interface YamlSource {
  readonly value: unknown;
  readonly locate: (problem: Problem) => Place;
}

/** Uses of aliases, multiplied along their nesting; a config written by hand has a few. */
const aliasCountMax = 100;

export function parseYaml(
  text: string,
  file: string,
): Result<YamlSource, { problems: Problem[]; locate: YamlSource['locate'] }> {
  const lines = new LineCounter();
  const label = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const atOffset = ({ path }: Problem): Place => ({ label: label(Number(path[0])), order: Number(path[0]) });

  if (sectioned.test(text))
    return err({
      problems: [broken(0, `it looks like a supervisord.conf: ${importing}`)],
      locate: () => ({ label: `${file}:1:1`, order: 0 }),
    });
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // By hand below: the library compares each key with every other, which is minutes for 100,000 keys.
    uniqueKeys: false,
    schema: 'core',
    resolveKnownTags: false,
  });
  const mistakes = [...document.errors, ...document.warnings];
  const deep = mistakes.find(({ code }) => code === 'RESOURCE_EXHAUSTION');
  if (deep !== undefined)
    return err({ problems: [broken(deep.pos[0], 'nested too deeply; a config has 6 levels')], locate: atOffset });
  const syntax = mistakes.map(({ code, message, pos }) =>
    broken(pos[0], code === 'MULTIPLE_DOCS' ? 'a second document begins; write all programs in one' : plain(message)),
  );
  if (syntax.length > 0) return err({ problems: syntax, locate: atOffset });

  const locate = ({ path, at }: Problem): Place => {
    const order = offsetOf(document, path, at);
    return { label: path.length === 0 ? label(order) : `${label(order)}: ${pathText(path)}`, order };
  };
  const lost = losses(document.contents, [], new Set());
  if (lost.length > 0) return err({ problems: lost, locate });
  try {
    return ok({ value: document.toJS({ maxAliasCount: aliasCountMax }), locate });
  } catch (thrown) {
    return err({ problems: [{ path: [], at: 'value', text: plain(messageOf(thrown)) }], locate });
  }
}

/** Syntax problems have a place but no path: their path holds just the offset. */
function broken(offset: number, text: string): Problem {
  return { path: [offset], at: 'value', text };
}

/** It begins, after blank lines and comments, with a `[section]`. */
const sectioned = /^\uFEFF?(?:[ \t]*(?:[;#].*)?\r?\n)*\[[a-z][\w:.* -]*\][ \t]*(?:[;#].*)?\r?\n/i;

const importing = '`portherd import FILE` makes a config of one';

/** The library's sentence in the form of ours: no full stop, no capital, and not the rest of the file. */
function plain(message: string): string {
  const short = message.length > 120 ? `${message.slice(0, 120)}…` : message;
  return short.charAt(0).toLowerCase() + short.slice(1).replace(/\.$/, '');
}

/** What would be lost or renamed without a word when the text becomes a plain object, and aliases of nothing. */
function losses(node: unknown, path: Path, anchors: Set<string>): Problem[] {
  if (isAlias(node)) {
    if (anchors.has(node.source)) return [];
    return [{ path, at: 'value', text: `*${node.source} names nothing; write &${node.source} before it` }];
  }
  if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined) anchors.add(node.anchor);
  if (isSeq(node)) return node.items.flatMap((item, index) => losses(item, [...path, index], anchors));
  if (!isMap(node)) return [];
  const seen = new Set<string>();
  return node.items.flatMap(({ key, value }): Problem[] => {
    const name = isScalar(key) ? key.value : undefined;
    if (typeof name !== 'string' && typeof name !== 'number' && typeof name !== 'boolean') {
      const its = isScalar(key)
        ? `the key ${String(key.value)} is not text; write it in quotes`
        : 'a key here is not plain text; write it as one word';
      return [{ path, at: 'value', text: its }];
    }
    const text = String(name);
    const inner = [...path, text];
    if (text === '__proto__') return [{ path: inner, at: 'key', text: 'not allowed as a key; choose another name' }];
    if (seen.has(text)) return [{ path: inner, at: 'key', text: 'this key is written twice; keep one of them' }];
    seen.add(text);
    return losses(value, inner, anchors);
  });
}

/** Of the deepest part of `path` that is written; a key that is written twice counts where it is the second time. */
function offsetOf(document: Document.Parsed, path: Path, at: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let keyOffset = 0;
  for (const step of path) {
    const inside = isAlias(node) ? target(node, document) : node;
    if (isMap(inside)) {
      const pair = inside.items.findLast(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) return keyOffset;
      keyOffset = startOf(pair.key) ?? keyOffset;
      node = pair.value;
    } else if (isSeq(inside)) {
      node = inside.items[Number(step)];
      if (node === undefined) return keyOffset;
      keyOffset = startOf(node) ?? keyOffset;
    } else return keyOffset;
  }
  const empty = isScalar(node) && node.value === null && node.source === '';
  return at === 'key' || empty ? keyOffset : (startOf(node) ?? keyOffset);
}

function target(alias: Alias, document: Document.Parsed): Node | undefined {
  return alias.resolve(document);
}

function startOf(node: unknown): number | undefined {
  const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined;
  return range?.[0];
}
