import * as z from 'zod';
import { assert } from '../shared/assert.ts';
import type { ChangeCost } from '../shared/change-cost.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { type JsonSchema, type Kind, wrongText } from './kinds.ts';

/**
 * The bridge to zod, and the only file that imports it. An option is a kind of value plus what a person should know about it; a
 * section is a strict map of options. From these come the types, the parser, the JSON Schema, and the OptionTree that the references,
 * the error texts and the diff read.
 */
export interface OptionInfo {
  /** One line, ending with a full stop. */
  readonly doc: string;
  readonly change: ChangeCost;
  /** As written in the file, so that it passes the same parser. Without it the option is required. */
  readonly default?: unknown;
  /** For the full example, where the default shows nothing. */
  readonly example?: unknown;
  /** In the full example it is written, although it may be left out. */
  readonly shown?: true;
}

export type OptionTree =
  | (OptionInfo & { readonly is: 'option'; readonly expects: string; readonly required: boolean })
  | (OptionInfo & { readonly is: 'list'; readonly expects: string; readonly of: SectionTree })
  | SectionTree
  | MapTree;

export interface MapTree {
  readonly is: 'map';
  readonly doc: string;
  readonly expects: string;
  readonly of: OptionTree;
  /** The name in the full example. */
  readonly sample: string;
  readonly required: boolean;
}

export interface SectionTree {
  readonly is: 'section';
  readonly doc: string;
  readonly keys: Readonly<Record<string, OptionTree>>;
}

export type Schema<T = unknown> = z.ZodType<T>;
export type Parsed<S extends Schema> = z.output<S>;
type Shape = Readonly<Record<string, Schema>>;

const meta = z.registry<{ readonly tree: OptionTree; readonly json?: JsonSchema }>();

/** Has a default, or must be written. */
export function option<T>(kind: Kind<T>, info: OptionInfo): Schema<T> {
  const value = fromKind(kind);
  const schema = info.default === undefined ? value : value.prefault(info.default);
  const tree: OptionTree = { is: 'option', expects: kind.expects, required: info.default === undefined, ...info };
  return schema.register(meta, { tree, json: kind.json });
}

/** May be left out, and what happens then is said in `doc`. */
export function optional<T>(kind: Kind<T>, info: OptionInfo): Schema<T | undefined> {
  const tree: OptionTree = { is: 'option', expects: kind.expects, required: false, ...info };
  return fromKind(kind).optional().register(meta, { tree, json: kind.json });
}

/** A map of just these keys; each may be left out that has a default. */
export function section<S extends Shape>(doc: string, shape: S): z.ZodObject<S, z.core.$strict> {
  const keys = Object.fromEntries(Object.entries(shape).map(([key, schema]) => [key, treeOf(schema)]));
  const error = expected(`a map of ${Object.keys(shape).join(', ')}`);
  return z.strictObject(shape, { error }).register(meta, { tree: { is: 'section', doc, keys } });
}

/** A section that may be left out altogether: every key of it has a default. */
export function defaultedSection<S extends Shape>(
  doc: string,
  shape: S,
): Schema<z.output<z.ZodObject<S, z.core.$strict>>> {
  const inner = section(doc, shape);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every key may be left out, which a generic shape cannot say
  const empty = {} as z.input<typeof inner>;
  return inner.prefault(empty).register(meta, { tree: treeOf(inner) });
}

/** Empty unless given. */
export function listOfSections<T>(of: Schema<T>, max: number, info: Omit<OptionInfo, 'default'>): Schema<T[]> {
  const tree = treeOf(of);
  assert(tree.is === 'section', 'listOfSections takes a section');
  const expects = `a list of at most ${max} maps of ${Object.keys(tree.keys).join(', ')}`;
  const error = expected(expects);
  const list = z.array(of, { error }).max(max, { error });
  return list.prefault([]).register(meta, { tree: { is: 'list', expects, of: tree, default: [], ...info } });
}

/** Any names; what a name may be is checked after parsing, where its place in the file is known. */
export function mapOf<T>(of: Schema<T>, info: Pick<MapTree, 'doc' | 'expects' | 'sample'>): Schema<Record<string, T>> {
  const error = expected(info.expects);
  const tree: MapTree = { is: 'map', of: treeOf(of), required: true, ...info };
  return z.record(z.string(), of, { error }).register(meta, { tree });
}

/** The same; empty unless given. */
export function spareMapOf<T>(of: Schema<T>, info: Parameters<typeof mapOf>[1]): Schema<Record<string, T>> {
  const error = expected(info.expects);
  const tree: MapTree = { is: 'map', of: treeOf(of), required: false, ...info };
  return z.record(z.string(), of, { error }).prefault({}).register(meta, { tree });
}

export function treeOf(schema: Schema): OptionTree {
  const found = meta.get(schema);
  assert(found !== undefined, 'a schema that option.ts did not make');
  return found.tree;
}

export type Issue =
  | { readonly is: 'wrong'; readonly path: readonly (string | number)[]; readonly text: string }
  | { readonly is: 'unknownKey'; readonly path: readonly (string | number)[]; readonly key: string };

/** Every issue, in no particular order. */
export function parseWith<T>(schema: Schema<T>, value: unknown): Result<T, readonly Issue[]> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  return err(
    parsed.error.issues.flatMap((issue): Issue[] => {
      const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
      if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ is: 'unknownKey', path, key }));
      return [{ is: 'wrong', path, text: issue.message }];
    }),
  );
}

/** Draft 2020-12, of what may be written (not of what becomes of it), for editors. */
export function jsonSchemaOf(schema: Schema): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const found = meta.get(zodSchema);
      if (found === undefined) return;
      Object.assign(jsonSchema, found.json, { description: found.tree.doc });
      // zod thinks of an `unknown` as something that may be left out.
      const required = found.tree.is === 'section' ? requiredKeys(found.tree) : [];
      if (required.length > 0) jsonSchema.required = required;
    },
  });
}

function requiredKeys({ keys }: SectionTree): string[] {
  return Object.entries(keys).flatMap(([key, tree]) => {
    return (tree.is === 'option' || tree.is === 'map') && tree.required ? [key] : [];
  });
}

function fromKind<T>(kind: Kind<T>) {
  return z.unknown().transform((value, context): T => {
    const read = kind.read(value);
    if (read.ok) return read.value;
    for (const one of read.error) context.addIssue({ code: 'custom', message: one.text, path: [...one.path] });
    return z.NEVER;
  });
}

/** zod's own texts for a missing or wrong map or list, replaced by ours; unknown keys keep their issue. */
function expected(expects: string) {
  return (issue: { readonly code: string; readonly input?: unknown }): string | undefined =>
    issue.code === 'unrecognized_keys' ? undefined : wrongText(issue.input, expects);
}
