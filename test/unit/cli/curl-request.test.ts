import { expect, test } from 'vitest';
import { curlRequest } from '../../../src/cli/curl-request.ts';
import { readCommandLine } from '../../../src/cli/command-line.ts';
import { portherdctl } from '../../../src/cli/tool.ts';

function asked(...args: string[]) {
  const read = readCommandLine(portherdctl, ['curl', ...args]);
  if (!read.ok) return read.error;
  const request = curlRequest(read.value);
  return request.ok ? request.value : request.error;
}

const plain = { program: 'web', slot: 3, method: 'GET', path: '/', headers: [], tls: false, timeoutMs: 30_000 };

test('a slot is enough', () => {
  expect(asked('web:3')).toEqual(plain);
});

test('what curl’s options say', () => {
  expect(
    asked(
      'web:3',
      '/a?b=c',
      '-X',
      'put',
      '-H',
      'A: 1',
      '-H',
      'B:2 ',
      '-H',
      'Content-Type: x/y',
      '-d',
      '{}',
      '-m',
      '1.5',
    ),
  ).toEqual({
    ...plain,
    method: 'PUT',
    path: '/a?b=c',
    headers: [
      ['A', '1'],
      ['B', '2'],
      ['Content-Type', 'x/y'],
    ],
    body: '{}',
    timeoutMs: 1_500,
  });
});

test('a body makes it a POST of a form, an empty one too', () => {
  const form = { method: 'POST', headers: [['Content-Type', 'application/x-www-form-urlencoded']] };
  expect(asked('web:3', '/', '-d', 'a=b')).toEqual({ ...plain, ...form, body: 'a=b' });
  expect(asked('web:3', '/', '-d', '')).toEqual({ ...plain, ...form, body: '' });
});

test('a body from a file', () => {
  expect(asked('web:3', '/', '-d', `@${import.meta.filename}`)).toMatchObject({
    body: expect.stringContaining('a body from a file'),
  });
  expect(asked('web:3', '/', '-d', '@/nowhere')).toMatchObject({
    code: 'BAD_ARGUMENTS',
    message: expect.stringContaining('ENOENT'),
  });
});

test('a port, TLS, and a name that means TLS; -k changes nothing', () => {
  expect(asked('web:3', '-p', '8443', '--tls', '-k')).toEqual({ ...plain, port: 8_443, tls: true });
  expect(asked('web:3', '--verify', 'example.org')).toEqual({ ...plain, tls: true, verify: 'example.org' });
});

test.each([
  [[], 'curl requires a slot, such as web:0'],
  [['web'], '"web" is not one slot'],
  [['web:*'], '"web:*" is not one slot'],
  [['web:3', 'healthz'], 'the path "healthz" does not start with /'],
  [['web:3', 'http://x/'], '"http://x/" is a URL'],
  [['web:3', '/ü'], 'the path "/ü" must be percent-encoded'],
  [['web:3', '/', '/b'], 'curl takes one path, and "/b" is one too many'],
  [['web:3', '-H', 'nonsense'], 'option --header: "nonsense" is not a header'],
  [['web:3', '-p', 'x'], 'option --port: "x" is not a port'],
  [['web:3', '-m', '0'], 'option --timeout: from 1ms to 1h'],
  [['web:3', '-m', 'soon'], 'option --timeout: "soon" is not a duration; write it like 10s, 1m30s, 500ms or 2h'],
  [['web:3', '-d', 'x'.repeat(65_537)], 'option --data: more than 64 KiB'],
])('%j is refused', (args, message) => {
  expect(asked(...args)).toMatchObject({ code: 'BAD_ARGUMENTS', message });
});
