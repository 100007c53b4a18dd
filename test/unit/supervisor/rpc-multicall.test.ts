import { expect, test } from 'vitest';
import { type RpcAnswer, type RpcContext, RpcParams } from '../../../src/supervisor/rpc-context.ts';
import { systemMethods } from '../../../src/supervisor/rpc-system.ts';
import { isStruct, struct } from '../../../src/protocol/xml-rpc.ts';
import { rpcAnswerCharsMax } from '../../../src/shared/limits.ts';
import { ok } from '../../../src/shared/result.ts';

test('a multicall whose answers grow too large is not gone on with: the rest are faults', async () => {
  const log = 'x'.repeat(rpcAnswerCharsMax / 4);
  let read = 0;
  const answer = await multicall(50, () => {
    read += 1;
    return ok([log, read, false]);
  });
  expect(answer.ok && Array.isArray(answer.value) && answer.value.length).toBe(50);
  expect(read).toBe(4);
  const last = answer.ok && Array.isArray(answer.value) ? answer.value.at(-1) : undefined;
  expect(isStruct(last) && [...last.values()]).toEqual([30, expect.stringMatching(/^FAILED: .*several/)]);
});

test('a long multicall lets everything else have its turn', async () => {
  let turns = 0;
  const others = setInterval(() => (turns += 1), 1);
  await multicall(40, () => {
    const since = performance.now();
    while (performance.now() - since < 2);
    return ok('done');
  });
  clearInterval(others);
  expect(turns).toBeGreaterThan(5);
});

function multicall(times: number, call: () => RpcAnswer): Promise<RpcAnswer> {
  const calls = Array.from({ length: times }, () => struct({ methodName: 'supervisor.tailProcessLog' }));
  const methods = systemMethods(async () => call());
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it uses nothing of it
  return Promise.resolve(methods['system.multicall']({} as RpcContext, new RpcParams([calls])));
}
