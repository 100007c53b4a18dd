import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rpcMethods } from '../../src/protocol/rpc-methods.ts';
import { runCommand } from '../harness/running-command.ts';
import { supervisordRefusal } from '../harness/supervisord.ts';
import { SupervisordPair } from '../harness/supervisord-pair.ts';
import { pairPrograms } from '../harness/supervisorctl-steps.ts';
import { type CallStep, calls, configDifferences } from '../harness/xml-rpc-calls.ts';

/** Python’s own XML-RPC client asks a real supervisord and portherd: the same values and the same faults, but for what is listed. */
const refusal = await supervisordRefusal();
if (refusal !== undefined) console.warn(`XML-RPC is not tested against a supervisord: ${refusal}`);

/** As JSON has it: `{value}`, `{fault: [code, text]}` or `{http: status}`. */
type Answer = Readonly<Record<string, unknown>>;

const methods = Object.keys(rpcMethods);

describe.skipIf(refusal !== undefined)('Python’s xmlrpc.client', () => {
  let pair: SupervisordPair;
  let theirs: readonly Answer[] = [];
  let ours: readonly Answer[] = [];

  beforeAll(async () => {
    pair = await SupervisordPair.start(pairPrograms);
    await pair.settled();
    [theirs = [], ours = []] = await Promise.all(pair.sockets.map((socket) => askSteps(socket, calls)));
  });
  afterAll(() => pair?.[Symbol.asyncDispose]());

  for (const [at, { call, differs }] of calls.entries()) {
    test(`${at + 1}: ${title(call)}${differs === undefined ? ' is answered the same' : ` differs: ${differs.reason}`}`, () => {
      const [their, our] = [normal(theirs[at]), normal(ours[at])];
      if (differs === undefined) return expect(our).toEqual(their);
      expect([their, our]).toEqual([differs.supervisord, differs.portherd]);
      return expect(our).not.toEqual(their);
    });
  }

  test('every method has the same signature, and a text', async () => {
    const signatures = methods.map((name) => ['system.methodSignature', name] as const);
    const [their, our] = await Promise.all(pair.sockets.map((socket) => ask(socket, signatures)));
    expect(our).toEqual(their);
    const texts = await ask(
      pair.portherd.socket,
      methods.map((name) => ['system.methodHelp', name]),
    );
    expect(texts.filter(({ value }) => typeof value !== 'string' || !value.includes('@return'))).toEqual([]);
  });

  test('every method is asked here', () => {
    const asked = new Set([...calls.map(({ call: [method] }) => method), 'system.methodHelp', ...elsewhere]);
    expect(methods.filter((name) => !asked.has(name))).toEqual([]);
  });

  test('getAllConfigInfo has the same fields, each with the same value but for those that are listed', async () => {
    const [their = [], our = []] = await Promise.all(pair.sockets.map((socket) => configs(socket)));
    expect(our.map(({ group, name }) => [group, name].join(':')).toSorted()).toEqual(
      their.map(({ group, name }) => [group, name].join(':')).toSorted(),
    );
    const differing = new Set<string>();
    for (const one of their) {
      const other = our.find(({ group, name }) => group === one['group'] && name === one['name']) ?? {};
      expect(Object.keys(other).toSorted()).toEqual(Object.keys(one).toSorted());
      for (const key of Object.keys(one)) if (configValue(key, one) !== configValue(key, other)) differing.add(key);
    }
    expect([...differing].toSorted()).toEqual(Object.keys(configDifferences).toSorted());
  });

  test('shutdown answers, and until it ends everything else is SHUTDOWN_STATE or nothing', async () => {
    for (const socket of pair.sockets) {
      expect(await ask(socket, [['supervisor.shutdown']])).toEqual([{ value: true }]);
      const [late] = await ask(socket, [['supervisor.getState']]).catch(() => [undefined]);
      expect([undefined, '{"fault":[6,"SHUTDOWN_STATE"]}']).toContain(late && JSON.stringify(late));
    }
    expect(await pair.portherd.exited).toEqual({ code: 0, signal: null });
  });
});

/** Tested with supervisorctl-live.test.ts, or below. */
const elsewhere = ['supervisor.restart', 'supervisor.shutdown', 'supervisor.getAllConfigInfo'];

function ask(socket: string, all: readonly CallStep['call'][]): Promise<readonly Answer[]> {
  return askSteps(
    socket,
    all.map((call) => ({ call })),
  );
}

async function askSteps(socket: string, all: readonly CallStep[]): Promise<readonly Answer[]> {
  const script = join(import.meta.dirname, '../fixtures/xml-rpc-client.py');
  const steps = all.map(({ call, once }) => ({ call, once }));
  const ran = await runCommand('python3', [script, socket, JSON.stringify(steps)], { limitMs: 240_000 });
  if (ran.exitCode !== 0) throw new Error(ran.stderr);
  return ran.json();
}

async function configs(socket: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const [answer] = await ask(socket, [['supervisor.getAllConfigInfo']]);
  const value: unknown = answer?.['value'];
  if (!Array.isArray(value)) throw new Error('getAllConfigInfo is no array');
  return value;
}

function configValue(key: string, config: Readonly<Record<string, unknown>>): string {
  const value = config[key];
  return key.endsWith('_logfile') && value !== 'none' ? 'a path' : JSON.stringify(value);
}

function title([method, ...params]: CallStep['call']): string {
  const text = params.map((param) => JSON.stringify(param)).join(', ');
  return `${method}(${text.length > 60 ? `${text.slice(0, 60)}…` : text})`;
}

/** Without what is another number on each machine at each time. */
function normal(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(normal);
    // Results of many processes, in the order in which they were done.
    return items.every(isResult) ? items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, variable[key]?.(one) ?? normal(one)]));
}

function isResult(item: unknown): boolean {
  return typeof item === 'object' && item !== null && 'status' in item;
}

const some = (word: string) => (value: unknown) => (value === 0 || value === '' ? value : word);

const variable: Readonly<Record<string, (value: unknown) => unknown>> = {
  pid: some('PID'),
  start: some('T'),
  stop: some('T'),
  now: some('T'),
  logfile: some('PATH'),
  stdout_logfile: some('PATH'),
  stderr_logfile: some('PATH'),
  value: (value) => (typeof value === 'number' ? 'N' : undefined),
  description: (value) =>
    typeof value === 'string'
      ? value
          .replace(/pid \d+, uptime \d+:\d\d:\d\d/, 'pid N, uptime T')
          .replace(/[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M/, 'TIME')
      : undefined,
};
