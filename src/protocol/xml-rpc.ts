import { err, ok, type Result } from '../shared/result.ts';
import type { RpcFault } from './rpc-faults.ts';
import { escapeXml } from './xml-text.ts';

/**
 * XML-RPC (xmlrpc.com/spec) as supervisord speaks it: a call out of a parsed document, and an answer as text. Reads no XML: what
 * parses it is linux/xml-document.ts.
 *
 * | XML-RPC                  | here                                                               |
 * |--------------------------|--------------------------------------------------------------------|
 * | int, i4, i8, double      | number; a whole one of 32 bits is written as int, others as double |
 * | string, base64           | string; base64 is text in UTF-8, as supervisord takes it           |
 * | boolean, nil             | boolean, null                                                      |
 * | dateTime.iso8601         | RpcDate                                                            |
 * | array, struct            | array, Map                                                         |
 */
export type RpcValue = string | number | boolean | null | RpcDate | readonly RpcValue[] | RpcStruct;

/** A map, not an object: names are the client's. */
export type RpcStruct = ReadonlyMap<string, RpcValue>;

/** `20261120T13:45:00`: without a time zone, so it is left as it is. */
export interface RpcDate {
  readonly dateTime: string;
}

export interface RpcCall {
  readonly method: string;
  readonly params: readonly RpcValue[];
}

/** What a parser makes of an element. `text` is its own, without that of its children. */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

/** An error says what cannot be understood. */
export function parseCall(root: XmlElement): Result<RpcCall, string> {
  try {
    return ok(callOf(root));
  } catch (thrown) {
    if (thrown instanceof Unmarshallable) return err(thrown.message);
    throw thrown;
  }
}

export function responseXml(value: RpcValue): string {
  return `${head}<methodResponse><params><param>${valueXml(value)}</param></params></methodResponse>\n`;
}

export function faultXml({ code, text }: RpcFault): string {
  return `${head}<methodResponse><fault>${valueXml(faultStruct({ code, text }))}</fault></methodResponse>\n`;
}

export function faultStruct({ code, text }: RpcFault): RpcStruct {
  return struct({ faultCode: code, faultString: text });
}

export function struct(members: Readonly<Record<string, RpcValue>>): RpcStruct {
  return new Map(Object.entries(members));
}

/** A parameter that is a struct; arrays and dates are objects too. */
export function isStruct(value: RpcValue | undefined): value is RpcStruct {
  return value instanceof Map;
}

const head = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** Carries the reason up from wherever in the document it was found; never leaves this file. */
class Unmarshallable extends Error {}

function callOf(root: XmlElement): RpcCall {
  if (root.name !== 'methodCall') throw new Unmarshallable(`a methodCall is wanted, not a ${root.name}`);
  const [methodName, params, ...others] = inner(root);
  if (methodName?.name !== 'methodName' || methodName.children.length > 0)
    throw new Unmarshallable('a methodCall begins with its methodName');
  const method = methodName.text.trim();
  if (method === '') throw new Unmarshallable('the methodName is empty');
  if (others.length > 0 || (params !== undefined && params.name !== 'params'))
    throw new Unmarshallable('a methodCall has a methodName and params, and nothing else');
  return { method, params: params === undefined ? [] : inner(params).map((param) => valueOf(only(param, 'param'))) };
}

function valueOf(element: XmlElement): RpcValue {
  if (element.name !== 'value') throw new Unmarshallable(`a value is wanted, not a ${element.name}`);
  const [typed, ...others] = element.children;
  // Without a type it is a string, blanks and all.
  if (typed === undefined) return element.text;
  if (others.length > 0) throw new Unmarshallable('a value has one type');
  inner(element);
  switch (typed.name) {
    case 'array':
      return inner(only(typed, 'array', 'data')).map(valueOf);
    case 'struct':
      return new Map(inner(typed).map(memberOf));
    default:
      return scalarOf(typed);
  }
}

function memberOf(member: XmlElement): [string, RpcValue] {
  const [name, value, ...others] = inner(member);
  if (member.name !== 'member' || name?.name !== 'name' || value === undefined || others.length > 0)
    throw new Unmarshallable('a struct has members, each with a name and a value');
  return [textOf(name), valueOf(value)];
}

function scalarOf(typed: XmlElement): RpcValue {
  const text = textOf(typed);
  const read = scalars.get(typed.name.replace(/^ex:/, ''))?.(text.trim(), text);
  if (read === undefined) throw new Unmarshallable(`${typed.name} ${JSON.stringify(text.slice(0, 60))} is no value`);
  return read;
}

/** Undefined: it cannot be that. `raw` has the blanks that only a string keeps. */
type Scalar = (text: string, raw: string) => RpcValue | undefined;

const scalars: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ['string', (_, raw) => raw],
  ['int', (text) => whole(text, 2 ** 31)],
  ['i4', (text) => whole(text, 2 ** 31)],
  ['i8', (text) => whole(text, Number.MAX_SAFE_INTEGER)],
  ['boolean', (text) => (text === '1' ? true : text === '0' ? false : undefined)],
  ['double', (text) => (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(text) ? Number(text) : undefined)],
  ['dateTime.iso8601', (text) => (/^\d{8}T\d\d:\d\d:\d\d$/.test(text) ? { dateTime: text } : undefined)],
  ['base64', decodeBase64],
  ['nil', (text) => (text === '' ? null : undefined)],
]);

function whole(text: string, limit: number): number | undefined {
  const number = Number(text);
  return /^[+-]?\d{1,16}$/.test(text) && number >= -limit && number < limit ? number : undefined;
}

function decodeBase64(text: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined; // not base64, or not text
  }
}

/** The only child, of `parent` itself or of its only child `wrap`. */
function only(parent: XmlElement, name: string, wrap?: string): XmlElement {
  const [child, ...others] = inner(parent);
  if (parent.name !== name || child === undefined || others.length > 0 || (wrap !== undefined && child.name !== wrap))
    throw new Unmarshallable(`a ${name} is wanted with one ${wrap ?? 'value'}`);
  return child;
}

/** Between elements there is nothing but blanks. */
function inner(element: XmlElement): readonly XmlElement[] {
  if (element.text.trim() !== '') throw new Unmarshallable(`${element.name} has text where an element is wanted`);
  return element.children;
}

function textOf(element: XmlElement): string {
  if (element.children.length > 0) throw new Unmarshallable(`${element.name} has an element where text is wanted`);
  return element.text;
}

function valueXml(value: RpcValue): string {
  return `<value>${typedXml(value)}</value>`;
}

function typedXml(value: RpcValue): string {
  if (value === null) return '<nil/>';
  if (typeof value === 'string') return `<string>${escapeXml(value)}</string>`;
  if (typeof value === 'boolean') return `<boolean>${value ? 1 : 0}</boolean>`;
  if (typeof value === 'number') return value === (value | 0) ? `<int>${value}</int>` : `<double>${value}</double>`;
  if (isStruct(value)) {
    const members = [...value].map(([name, one]) => `<member><name>${escapeXml(name)}</name>${valueXml(one)}</member>`);
    return `<struct>${members.join('')}</struct>`;
  }
  if ('dateTime' in value) return `<dateTime.iso8601>${value.dateTime}</dateTime.iso8601>`;
  return `<array><data>${value.map(valueXml).join('')}</data></array>`;
}
