import { describe, expect, test } from 'vitest';
import { readXml } from '../../src/linux/xml-document.ts';
import { faultXml, parseCall, type RpcCall, type RpcValue, responseXml, struct } from '../../src/protocol/xml-rpc.ts';
import { rpcFaults } from '../../src/protocol/rpc-faults.ts';
import type { Result } from '../../src/shared/result.ts';
import { xmlDepthMax, xmlElementsMax } from '../../src/shared/limits.ts';
import { Dice } from '../sim/dice.ts';

/** Bytes of a client → call; value → bytes for a client. Both ends of the marshalling, with the parser between them. */
function call(text: string): Result<RpcCall, string> {
  const document = readXml(text);
  return document.ok ? parseCall(document.value) : document;
}

function withParam(value: string): string {
  return `<?xml version='1.0'?>\n<methodCall>\n<methodName>a.b</methodName>\n<params>\n<param>\n${value}\n</param>\n</params>\n</methodCall>\n`;
}

function param(value: string): RpcValue | undefined {
  const read = call(withParam(value));
  if (!read.ok) throw new Error(read.error);
  return read.value.params[0];
}

describe('a call', () => {
  test.each([
    ['<value><int>-42</int></value>', -42],
    ['<value><i4> 7 </i4></value>', 7],
    ['<value><i8>9007199254740990</i8></value>', 9_007_199_254_740_990],
    ['<value><boolean>1</boolean></value>', true],
    ['<value><boolean>0</boolean></value>', false],
    ['<value><double>-1.5e3</double></value>', -1500],
    ['<value><string> a &lt;b&gt; &#233;&#x1F600; </string></value>', ' a <b> é😀 '],
    ['<value> bare text </value>', ' bare text '],
    ['<value></value>', ''],
    ['<value/>', ''],
    ['<value><string/></value>', ''],
    ['<value><string><![CDATA[<&>]]></string></value>', '<&>'],
    ['<value><base64>aMOpbGxv\nIQ==</base64></value>', 'héllo!'],
    ['<value><dateTime.iso8601>20261120T13:45:00</dateTime.iso8601></value>', { dateTime: '20261120T13:45:00' }],
    ['<value><nil/></value>', null],
    ['<value><array><data></data></array></value>', []],
    ['<value><array><data><value>a</value><value><int>1</int></value></data></array></value>', ['a', 1]],
    ['<value><struct></struct></value>', new Map()],
    [
      '<value><struct><member><name>__proto__</name><value>x</value></member></struct></value>',
      new Map([['__proto__', 'x']]),
    ],
  ])('%s is understood', (text, value) => {
    expect(param(text)).toEqual(value);
  });

  test('without params is one, and comments and processing instructions mean nothing', () => {
    expect(call('<methodCall><!-- hello --><methodName> a.b </methodName><?php ?></methodCall>')).toEqual({
      ok: true,
      value: { method: 'a.b', params: [] },
    });
  });

  test.each([
    ['nothing', ''],
    ['no XML', 'hello'],
    ['JSON', '{"method":"a.b"}'],
    ['an unclosed element', '<methodCall><methodName>a.b</methodName>'],
    ['elements that cross', '<methodCall><methodName>a.b</methodCall></methodName>'],
    ['two roots', '<methodCall><methodName>a</methodName></methodCall><methodCall/>'],
    ['another root', '<methodResponse><params/></methodResponse>'],
    ['no method name', '<methodCall><params/></methodCall>'],
    ['an empty method name', '<methodCall><methodName> </methodName></methodCall>'],
    ['an element in the name', '<methodCall><methodName>a<b/></methodName></methodCall>'],
    ['text between elements', '<methodCall><methodName>a.b</methodName>what</methodCall>'],
    ['a second params', '<methodCall><methodName>a.b</methodName><params/><params/></methodCall>'],
    ['a param without a value', '<methodCall><methodName>a.b</methodName><params><param/></params></methodCall>'],
    ['an attribute', '<methodCall id="1"><methodName>a.b</methodName></methodCall>'],
    ['a prototype as attribute', '<methodCall __proto__="1"><methodName>a.b</methodName></methodCall>'],
    ['an unknown type', withParam('<value><float>1</float></value>')],
    ['a type of the prototype', withParam('<value><constructor>1</constructor></value>')],
    ['two types', withParam('<value><int>1</int><int>2</int></value>')],
    ['an int that is none', withParam('<value><int>1.5</int></value>')],
    ['an int of 33 bits', withParam('<value><int>2147483648</int></value>')],
    ['an empty int', withParam('<value><int/></value>')],
    ['a boolean that is none', withParam('<value><boolean>yes</boolean></value>')],
    ['a double that is none', withParam('<value><double>Infinity</double></value>')],
    ['a date that is none', withParam('<value><dateTime.iso8601>yesterday</dateTime.iso8601></value>')],
    ['base64 that is none', withParam('<value><base64>?</base64></value>')],
    ['base64 that is no text', withParam('<value><base64>//8=</base64></value>')],
    ['an array without data', withParam('<value><array><value/></array></value>')],
    ['a member without a name', withParam('<value><struct><member><value/></member></struct></value>')],
    ['an unknown entity', withParam('<value>&nbsp;</value>')],
    ['an entity of the prototype', withParam('<value>&constructor;</value>')],
    ['a NUL', withParam('<value>\0</value>')],
    ['a DOCTYPE', `<!DOCTYPE methodCall>${withParam('<value/>')}`],
  ])('with %s is refused', (_, text) => {
    expect(call(text).ok).toBe(false);
  });

  test('a billion laughs stay one', () => {
    const entities = Array.from({ length: 12 }, (_, at) => `<!ENTITY l${at + 1} "${`&l${at};`.repeat(10)}">`);
    const text = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">${entities.join('')}]>${withParam('<value>&l12;</value>').replace(/<\?.*\?>/, '')}`;
    const before = process.memoryUsage().heapUsed;
    const read = call(text);
    expect(read).toEqual({ ok: false, error: expect.stringContaining('DOCTYPE') });
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(8 * 1024 * 1024);
  });

  test('too many elements, or too deep ones, are refused as soon as they are too many', () => {
    const many = withParam(`<value><array><data>${'<value/>'.repeat(xmlElementsMax)}</data></array></value>`);
    expect(call(many)).toEqual({ ok: false, error: expect.stringContaining(`more than ${xmlElementsMax} elements`) });
    const deep = '<value><array><data>'.repeat(xmlDepthMax);
    expect(call(withParam(deep))).toEqual({ ok: false, error: expect.stringContaining('deep') });
  });

  test('whatever is broken of a good one, it is understood or refused, never thrown', () => {
    const good = withParam(
      '<value><struct><member><name>a</name><value><array><data><value><int>1</int></value><value>&amp;é</value></data></array></value></member></struct></value>',
    );
    const random = new Dice(20_261_120);
    let refused = 0;
    for (let n = 0; n < 3_000; n++) {
      const at = random.below(good.length);
      const length = random.below(12);
      const other = random.below(good.length);
      const text = good.slice(0, at) + good.slice(other, other + random.below(20)) + good.slice(at + length);
      if (!call(text).ok) refused += 1;
    }
    expect(refused).toBeGreaterThan(1_000);
    expect(refused).toBeLessThan(3_000);
  });
});

describe('an answer', () => {
  test('is what a call with the same value would be read as', () => {
    const values: RpcValue[] = [
      0,
      -(2 ** 31),
      2 ** 31 - 1,
      1.5,
      true,
      false,
      null,
      '',
      ' <&>"\' \n\t é😀 ',
      { dateTime: '20261120T13:45:00' },
      [],
      ['a', [1, [true]]],
      struct({ '<n>': 1, list: ['a'] }),
    ];
    for (const value of values) {
      const [, xml] = /<param>(.*)<\/param>/s.exec(responseXml(value)) ?? [];
      expect(param(xml ?? ''), xml).toEqual(value);
    }
  });

  test('a number that is no int of 32 bits is a double', () => {
    expect(responseXml(2 ** 31)).toContain('<double>2147483648</double>');
  });

  test('a carriage return survives; what XML cannot hold is shown', () => {
    const xml = responseXml('\u001b[31mred\u001b[0m\r\n\u0000\ufffe\ud800');
    expect(xml).toContain('<string>␛[31mred␛[0m&#13;\n␀\ufffd\ufffd</string>');
    expect(readXml(xml).ok).toBe(true);
  });

  test('a fault has its number and its text', () => {
    const xml = faultXml({ code: rpcFaults.BAD_NAME, text: 'BAD_NAME: <x>' });
    expect(xml).toContain('<name>faultCode</name><value><int>10</int></value>');
    expect(xml).toContain('<name>faultString</name><value><string>BAD_NAME: &lt;x&gt;</string></value>');
    expect(readXml(xml).ok).toBe(true);
  });
});
