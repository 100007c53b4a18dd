import { describe, expect, test } from 'vitest';
import { completeHook, completeProgram, completeSupervisor } from '../../../src/config/complete.ts';
import { load, web } from './load-text.ts';

describe('a config of an older portherd', () => {
  const text = `
supervisor: { logLevel: warn, http: { port: 9001 } }
programs:
  web: { command: node server.js, workers: 3, stop: { signal: INT }, listen: [{ port: 80, name: http }, { port: 81, host: ::1 }] }`;

  test('has today’s defaults where it has nothing, in every section and listener', () => {
    const now = web(text);
    const older = structuredClone(now);
    for (const key of ['rlimits', 'health', 'steering']) Reflect.deleteProperty(older, key);
    Reflect.deleteProperty(older.stop, 'drainTimeout');
    Reflect.deleteProperty(older.balance, 'shed');
    Reflect.deleteProperty(older.listen[1] ?? {}, 'backlog');
    expect(older).not.toEqual(now);
    expect(completeProgram(older)).toEqual(now);
    const { supervisor } = load(text);
    const { exitOnFatal, ...less } = structuredClone(supervisor);
    expect(completeSupervisor({ ...less, exitOnFatal })).toEqual(supervisor);
    Reflect.deleteProperty(less.http, 'host');
    // @ts-expect-error what is missing is the point
    expect(completeSupervisor(less)).toEqual(supervisor);
  });

  test('has hooks with today’s defaults, too', () => {
    const [now] = load('hooks: { a: { events: [all], url: "http://a" } }\nprograms: { a: { command: a } }').hooks;
    if (now === undefined) throw new Error('no hook');
    const older = structuredClone(now);
    for (const key of ['queue', 'backoff', 'headers']) Reflect.deleteProperty(older, key);
    expect(completeHook(older)).toEqual(now);
  });

  test('keeps what it says, and is not changed itself', () => {
    const now = web(text);
    const before = structuredClone(now);
    expect(completeProgram(now)).toEqual(now);
    expect(now).toEqual(before);
    const unknown = { ...now, ofANewerOne: true };
    expect(completeProgram(unknown)).toEqual(unknown);
  });
});
