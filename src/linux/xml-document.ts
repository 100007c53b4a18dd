import sax, { type SAXParser } from 'sax';
import type { XmlElement } from '../protocol/xml-rpc.ts';
import { xmlDepthMax, xmlElementsMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';

/**
 * Text → the elements of an XML document, and the only file that imports sax (DECISIONS.md, 0026). Strict: what is not well formed
 * is an error. A DOCTYPE is refused, so there are no entities but the five of XML itself and references to characters.
 *
 * Errors say what is wrong and where. Memory: some 200 bytes an element, of which there are at most xmlElementsMax.
 */
export function readXml(text: string): Result<XmlElement, string> {
  if (forbidden.test(text)) return err('a character that XML does not have');
  try {
    return ok(parse(text));
  } catch (thrown) {
    if (thrown instanceof Refused) return err(thrown.message);
    throw thrown;
  }
}

/** Thrown out of the parser, which would else go on: an error for each character that follows. */
class Refused extends Error {}

function parse(text: string): XmlElement {
  const root: Growing = { name: '', children: [], text: '' };
  const open = [root];
  let elements = 0;
  const reader = sax.parser(true, {});
  const refuse = (why: string): never => {
    throw new Refused(`line ${reader.line + 1}: ${why}`);
  };
  // Its own table has those of HTML, and a prototype: `&constructor;` would be an entity.
  reader.ENTITIES = Object.assign(Object.create(null), { amp: '&', gt: '>', lt: '<', quot: '"', apos: "'" });

  const addText = (more: string): void => {
    const element = open.at(-1);
    if (element !== undefined) element.text += more;
  };
  Object.assign<SAXParser, Partial<SAXParser>>(reader, {
    onerror: (error) => refuse(error.message.split('\n', 1)[0] ?? ''),
    ondoctype: () => refuse('a DOCTYPE is not taken'),
    onattribute: ({ name }) => refuse(`the attribute ${name}, which XML-RPC does not know`),
    onopentag({ name }) {
      elements += 1;
      if (elements > xmlElementsMax) refuse(`more than ${xmlElementsMax} elements`);
      if (open.length > xmlDepthMax) refuse(`more than ${xmlDepthMax} elements deep`);
      const element: Growing = { name, children: [], text: '' };
      open.at(-1)?.children.push(element);
      open.push(element);
    },
    onclosetag: () => void open.pop(),
    ontext: addText,
    oncdata: addText,
  });

  // In portions: it checks the length of what it holds (64 KiB) after each.
  for (let at = 0; at < text.length; at += portionChars) reader.write(text.slice(at, at + portionChars));
  reader.close();
  const [document, ...others] = root.children;
  return document !== undefined && others.length === 0
    ? document
    : refuse('one element is wanted, with all others in it');
}

interface Growing extends XmlElement {
  readonly children: Growing[];
  text: string;
}

// oxlint-disable-next-line no-control-regex -- XML 1.0, 2.2
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

const portionChars = 16 * 1024;
