import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createHttpGuard, type HttpGuard } from '../../../src/linux/http-guard.ts';

const directory = mkdtempSync(join(tmpdir(), 'portherd-guard-'));
afterAll(() => rmSync(directory, { recursive: true }));

const none = {
  port: undefined,
  host: '127.0.0.1',
  names: [],
  username: undefined,
  passwordFile: undefined,
  tokenFile: undefined,
};
const password = secret('password', 'päss:word\nwhat comes after is nobody’s\n');
const token = secret('token', 'tok-en\n');

const withBoth = guard({ username: 'operator', passwordFile: password, tokenFile: token });

describe('credentials', () => {
  test.each([
    ['Basic', basic('operator:päss:word')],
    ['basic, in small letters', basic('operator:päss:word').replace('Basic', 'basic')],
    ['a token', 'Bearer tok-en'],
  ])('%s that fit are let in', (_, authorization) => {
    expect(withBoth.refusal({ host: '127.0.0.1', authorization })).toBeUndefined();
  });

  test.each([
    ['no', undefined],
    ['empty', ''],
    ['another password', basic('operator:password')],
    ['a longer password', basic('operator:päss:word2')],
    ['another user', basic('root:päss:word')],
    ['no password', basic('operator')],
    ['the password with what follows in its file', basic('operator:päss:word\nwhat comes after is nobody’s')],
    ['Basic that is no base64', 'Basic ???'],
    ['the token as a password', basic('tok-en')],
    ['another token', 'Bearer tok-en2'],
    ['an unknown scheme', 'Digest tok-en'],
    ['a megabyte of', `Basic ${'A'.repeat(1024 * 1024)}`],
  ])('%s credentials are not', (_, authorization) => {
    expect(withBoth.refusal({ host: '127.0.0.1', ...(authorization !== undefined && { authorization }) })?.code).toBe(
      'UNAUTHORIZED',
    );
  });

  test('without any in the config nobody is asked for them', () => {
    expect(guard({}).refusal({ host: 'localhost:9001' })).toBeUndefined();
  });

  test.each([
    ['is not there', join(directory, 'absent'), 'ENOENT'],
    ['is empty', secret('empty', '\nsecond line\n'), 'is empty'],
  ])('a file that %s is an error', (_, passwordFile, says) => {
    const made = createHttpGuard({ ...none, username: 'me', passwordFile });
    expect(made).toMatchObject({
      ok: false,
      error: { code: 'CONFIG_INVALID', message: expect.stringContaining(says) },
    });
  });
});

describe('the Host header', () => {
  const named = guard({ names: ['Herd.example.com'] });

  test.each([
    '127.0.0.1',
    '127.0.0.1:9001',
    '10.1.2.3:80',
    '[::1]:9001',
    'localhost',
    hostname(),
    'herd.example.com:9001',
  ])('%s is ours', (host) => expect(named.refusal({ host })).toBeUndefined());

  test.each(['evil.example.com', 'evil.example.com:9001', 'localhost.evil.example.com', '', '127.0.0.1.nip.io'])(
    '%j is not: somebody has pointed a name here',
    (host) => expect(named.refusal({ host })?.code).toBe('FOREIGN_REQUEST'),
  );

  test('a client without one is no browser', () => {
    expect(named.refusal({})).toBeUndefined();
  });
});

describe('the Origin header', () => {
  test('a page of ours may ask', () => {
    expect(guard({}).refusal({ host: 'localhost:9001', origin: 'http://localhost:9001' })).toBeUndefined();
  });

  test.each(['http://evil.example.com', 'http://localhost:9002', 'null'])('a page of %s may not', (origin) => {
    expect(guard({}).refusal({ host: 'localhost:9001', origin })?.code).toBe('FOREIGN_REQUEST');
  });
});

function guard(http: Partial<Parameters<typeof createHttpGuard>[0]>): HttpGuard {
  const made = createHttpGuard({ ...none, ...http });
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
}

function secret(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}
