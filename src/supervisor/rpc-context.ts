import type { RpcFault } from '../protocol/rpc-faults.ts';
import type { RpcMethodName } from '../protocol/rpc-methods.ts';
import type { RpcValue } from '../protocol/xml-rpc.ts';
import { assert } from '../shared/assert.ts';
import type { Result } from '../shared/result.ts';
import type { Operator } from './operator.ts';
import type { SlotTimes } from './slot-times.ts';
import type { Supervisor } from './supervisor.ts';

/** What the methods of XML-RPC work with. */
export interface RpcContext {
  readonly supervisor: Supervisor;
  readonly operator: Operator;
  readonly times: SlotTimes;
}

export type RpcAnswer = Result<RpcValue, RpcFault>;

/** Its parameters are of the number and the types that the table says. */
export type RpcHandler = (context: RpcContext, params: RpcParams) => RpcAnswer | Promise<RpcAnswer>;

/** Those of one subject. */
export type RpcHandlers<Name extends RpcMethodName> = Readonly<Record<Name, RpcHandler>>;

/** By their place. */
export class RpcParams {
  readonly #values: readonly RpcValue[];

  constructor(values: readonly RpcValue[]) {
    this.#values = values;
  }

  text(at: number): string {
    const value = this.#values[at];
    assert(typeof value === 'string' || typeof value === 'number', `parameter ${at} is no text`);
    return String(value);
  }

  number(at: number): number {
    const value = this.#values[at];
    assert(typeof value === 'number', `parameter ${at} is no number`);
    return value;
  }

  /** Given or not. Numbers are taken as Python takes them. */
  flag(at: number, absent: boolean): boolean {
    const value = this.#values[at];
    assert(
      value === undefined || typeof value === 'boolean' || typeof value === 'number',
      `parameter ${at} is no flag`,
    );
    return value === undefined ? absent : Boolean(value);
  }

  list(at: number): readonly RpcValue[] {
    const value = this.#values[at];
    assert(Array.isArray(value), `parameter ${at} is no list`);
    return value;
  }
}

/** What Python makes of a number that may be too large: `value` as an int of 32 bits. */
export function capped(value: number): number {
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(value)));
}
