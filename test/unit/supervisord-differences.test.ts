import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rpcFaults } from '../../src/protocol/rpc-faults.ts';
import { type RpcMethod, rpcMethods } from '../../src/protocol/rpc-methods.ts';
import { differencesTables, fieldsTable } from '../harness/differences-table.ts';
import { steps } from '../harness/supervisorctl-steps.ts';
import { calls, configDifferences } from '../harness/xml-rpc-calls.ts';

/** What the tests against a real supervisord expect is what readers are told; without a supervisord. */
const page = readFileSync(join(import.meta.dirname, '../system/README.md'), 'utf8');

test.each([
  ['differences', differencesTables(steps, calls)],
  ['fields', fieldsTable(configDifferences)],
])('test/system/README.md has the %s as they are in the harness', (mark, table) => {
  const [, there] = new RegExp(`<!-- ${mark} -->\n([^]*)<!-- /${mark} -->`).exec(page) ?? [];
  expect(there).toBe(`\n${table}\n`);
});

test('every fault of the table of methods is a fault, and no method is without a text', () => {
  const methods: readonly RpcMethod[] = Object.values(rpcMethods);
  expect(methods.flatMap(({ faults }) => faults.filter((name) => !Object.hasOwn(rpcFaults, name)))).toEqual([]);
  expect(methods.filter(({ help }) => !/^[A-Z].*\.$/s.test(help))).toEqual([]);
});

test('optional parameters come last', () => {
  const methods: readonly RpcMethod[] = Object.values(rpcMethods);
  const optional = methods.map(({ params }) => params.map((param) => param.optional === true));
  expect(optional.filter((flags) => flags.lastIndexOf(false) > flags.indexOf(true) && flags.includes(true))).toEqual(
    [],
  );
});
