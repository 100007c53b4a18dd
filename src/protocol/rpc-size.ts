import { isStruct, type RpcValue } from './xml-rpc.ts';

/** About how many characters a value takes in an answer; what escaping adds is not in it. */
export function rpcSize(value: RpcValue): number {
  if (typeof value === 'string') return tags + value.length;
  if (Array.isArray(value)) return value.reduce<number>((sum, one) => sum + rpcSize(one), tags);
  if (!isStruct(value)) return tags;
  let sum = tags;
  for (const [name, one] of value) sum += tags + name.length + rpcSize(one);
  return sum;
}

/** `<value><string></string></value>`, and the like. */
const tags = 33;
