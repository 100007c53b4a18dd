import { fault, rpcFaults } from '../protocol/rpc-faults.ts';
import { isRpcMethod, type RpcMethod, rpcMethods } from '../protocol/rpc-methods.ts';
import { rpcSize } from '../protocol/rpc-size.ts';
import { faultStruct, isStruct, type RpcValue } from '../protocol/xml-rpc.ts';
import { messageOf } from '../shared/errors.ts';
import { rpcAnswerCharsMax } from '../shared/limits.ts';
import { ok } from '../shared/result.ts';
import type { RpcAnswer, RpcHandlers } from './rpc-context.ts';

type Call = (method: string, params: readonly RpcValue[]) => Promise<RpcAnswer>;

/** Introspection out of the table of methods, and many calls in one. */
export function systemMethods(
  call: Call,
): RpcHandlers<`system.${'listMethods' | 'methodHelp' | 'methodSignature' | 'multicall'}`> {
  return {
    'system.listMethods': () => ok(Object.keys(rpcMethods).toSorted()),

    'system.methodHelp'(_, params) {
      const name = params.text(0);
      return isRpcMethod(name) ? ok(helpText(rpcMethods[name])) : fault('SIGNATURE_UNSUPPORTED');
    },

    'system.methodSignature'(_, params) {
      const name = params.text(0);
      if (!isRpcMethod(name)) return fault('SIGNATURE_UNSUPPORTED');
      const method: RpcMethod = rpcMethods[name];
      return ok([method.returns, ...method.params.map(({ type }) => type)]);
    },

    /**
     * One after the other. An answer stands for itself, not in an array of its own, as supervisord has it. Seven hundred large logs in
     * one answer would be more memory than there is: what comes after the limit is not called. Nor may two thousand calls keep the
     * workers waiting: everything else gets its turn in between.
     */
    async 'system.multicall'(_, params) {
      const answers: RpcValue[] = [];
      let size = 0;
      let since = performance.now();
      for (const one of params.list(0)) {
        if (performance.now() - since >= turnMsMax) {
          await nextTurn();
          since = performance.now();
        }
        const answer = size < rpcAnswerCharsMax ? await called(one, call) : tooMuch;
        const value = answer.ok ? answer.value : faultStruct(answer.error);
        size += rpcSize(value);
        answers.push(value);
      }
      return ok(answers);
    },
  };
}

const tooMuch = fault('FAILED', 'not called: the answers before are large already; ask for the rest in several calls');

/** As linux/turns.ts has it. */
const turnMsMax = 4;

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

async function called(one: RpcValue, call: Call): Promise<RpcAnswer> {
  const method = isStruct(one) ? one.get('methodName') : undefined;
  const params = isStruct(one) ? (one.get('params') ?? []) : [];
  if (typeof method !== 'string') return fault('INCORRECT_PARAMETERS', 'No methodName');
  if (!Array.isArray(params)) return fault('INCORRECT_PARAMETERS');
  if (method === 'system.multicall') return fault('INCORRECT_PARAMETERS', 'Recursive system.multicall forbidden');
  try {
    return await call(method, params);
  } catch (thrown) {
    return fault('FAILED', messageOf(thrown)); // the others are asked all the same
  }
}

/** In the form of supervisord's, which tools take apart by its @. */
function helpText({ help, params, returns, faults }: RpcMethod): string {
  const lines = params.map(({ name, type, optional }) => `@param ${type} ${name}${optional ? ' optional' : ''}`);
  const own = faults.map((name) => `${name} (${rpcFaults[name]})`).join(', ');
  return [help, '', ...lines, `@return ${returns} result`, ...(own === '' ? [] : ['', `Faults: ${own}`])].join('\n');
}
