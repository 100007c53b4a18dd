import { expect, test } from 'vitest';
import { authority, basic, parsePlace, placeUrl } from '../../../src/cli/place.ts';

/** Which daemon is meant by -s. */

function place(written: string, authorization?: string) {
  const parsed = parsePlace(written, authorization);
  return parsed.ok ? parsed.value : parsed.error.message;
}

test.each([
  ['/run/a.sock', '/run/a.sock'],
  ['unix:///run/a.sock', '/run/a.sock'],
  ['run/a.sock', 'run/a.sock'],
  ['unix://run/a b.sock', 'run/a b.sock'],
])('%s is a socket', (written, path) => {
  expect(place(written, 'Basic x')).toEqual({ is: 'socket', path });
});

test.each([
  ['http://10.0.0.7:9001', '10.0.0.7', 9001, 'http://10.0.0.7:9001'],
  ['http://[::1]:9001/', '::1', 9001, 'http://[::1]:9001'],
  ['http://host', 'host', 80, 'http://host:80'],
])('%s is a TCP port', (written, host, port, url) => {
  const parsed = place(written);
  expect(parsed).toEqual({ is: 'tcp', host, port, authorization: undefined });
  expect(typeof parsed === 'string' ? parsed : placeUrl(parsed)).toBe(url);
});

test.each(['https://a', 'ftp://a', 'unix://', 'http://', 'http://a:99999'])(
  '%s is refused in supervisorctl’s words',
  (written) => {
    expect(place(written)).toBe('ERROR: url must be http:// or unix://');
  },
);

test('credentials in the URL count, those given beside it more', () => {
  expect(place('http://me:a%20b@h:1')).toMatchObject({ authorization: basic('me', 'a b') });
  expect(place('http://me:x@h:1', 'Basic given')).toMatchObject({ authorization: 'Basic given' });
  expect(basic('mé', 'pä:ss')).toBe(`Basic ${Buffer.from('mé:pä:ss').toString('base64')}`);
});

test('an IPv6 address has its brackets in the Host header', () => {
  expect([authority({ host: '::1', port: 1 }), authority({ host: 'h', port: 1 })]).toEqual(['[::1]:1', 'h:1']);
});
