import type { SteerBy } from './effects.ts';
import { assert } from '../shared/assert.ts';

/**
 * The classic BPF program that tells the kernel which listener of a SO_REUSEPORT group gets a new connection.
 *
 *   probe rules   a connection from this machine to itself, from a source port that a probe has chosen → its listener
 *   by core       (cpu only) the core that received the packet, modulo their number → a listener, if it has a weight
 *   selection     a random 32-bit number, looked up by binary search among the weights' boundaries → a listener
 *
 * Works on indexes of the group, in its order; which slot is which index is the caller's business. Attaches nothing.
 * A filter that returns an index beyond the group leaves the choice to the kernel's hash (reuseport_select_sock()).
 */
export interface Instruction {
  readonly code: number;
  /** Instructions to skip when the condition is true, or false: 0..255. */
  readonly jt: number;
  readonly jf: number;
  /** 0..2^32-1 */
  readonly k: number;
}

export interface ProbeRule {
  readonly sourcePort: number;
  readonly index: number;
}

/**
 * Weights are ≥ 0 and need no particular sum; an index of weight 0 is never selected. All zero: `undefined` without
 * rules (attach nothing), else a program that applies the rules and leaves the rest to the hash.
 */
export function steeringProgram(
  weights: readonly number[],
  rules: readonly ProbeRule[] = [],
  by: SteerBy = 'weight',
): readonly Instruction[] | undefined {
  assert(
    weights.every((weight) => weight >= 0 && Number.isFinite(weight)),
    `weights ${weights.join(' ')}`,
  );
  // The kernel's hash only chooses among the whole group, so one that must be left out leaves it to chance.
  const hashes = by === 'hash' && weights.every((weight) => weight > 0);
  const leaves = hashes ? [] : leavesOf(by === 'weight' ? weights : weights.map((weight) => Math.sign(weight)));
  if (leaves.length === 0 && rules.length === 0) return undefined;
  const core = by === 'cpu' && leaves.length > 0 ? byCore(weights) : [];
  const program = [...probing(rules), ...core, ...selection(leaves)];
  assert(program.length <= instructionsMax, `a steering program of ${program.length} instructions`);
  return program;
}

export type SteeringCompiler = typeof steeringProgram;

/** BPF_MAXINSNS of include/uapi/linux/bpf_common.h. 512 slots, all of them probed at once, need 2,058. */
const instructionsMax = 4096;
/** An index that no group has: they hold at most 65,535 sockets. */
const leaveToHash = 0xffffffff;
const numbers = 2 ** 32;

/** Opcodes of include/uapi/linux/bpf_common.h, class | size | mode or class | operation | source. */
const code = {
  loadWord: 0x20, // BPF_LD  | BPF_W | BPF_ABS
  loadByte: 0x30, // BPF_LD  | BPF_B | BPF_ABS
  loadHalf: 0x28, // BPF_LD  | BPF_H | BPF_ABS
  loadHalfAtX: 0x48, // BPF_LD  | BPF_H | BPF_IND
  loadHeaderLengthToX: 0xb1, // BPF_LDX | BPF_B | BPF_MSH: X = 4 * (byte & 15)
  modulo: 0x94, // BPF_ALU | BPF_MOD | BPF_K
  shiftRight: 0x74, // BPF_ALU | BPF_RSH | BPF_K
  copyToX: 0x07, // BPF_MISC | BPF_TAX
  jump: 0x05, // BPF_JMP | BPF_JA: k is 32 bit
  ifEqual: 0x15, // BPF_JMP | BPF_JEQ | BPF_K
  ifEqualX: 0x1d, // BPF_JMP | BPF_JEQ | BPF_X
  ifAtLeast: 0x35, // BPF_JMP | BPF_JGE | BPF_K, unsigned
  answer: 0x06, // BPF_RET | BPF_K
  answerA: 0x16, // BPF_RET | BPF_A
};

/** SKF_NET_OFF of include/uapi/linux/filter.h: what follows counts from the network header, wherever the data starts. */
const net = numbers - 0x100000;
/** SKF_AD_OFF + SKF_AD_RANDOM: get 32 random bits. */
const random = numbers - 0x1000 + 56;
/** SKF_AD_OFF + SKF_AD_CPU: the core that runs the program, which is the one that received the packet. */
const cpu = numbers - 0x1000 + 36;

function step(code: number, k: number, jt = 0, jf = 0): Instruction {
  return { code, jt, jf, k };
}

/** `from`: the first random number that belongs to `index`; the next leaf's `from` ends it. */
interface Leaf {
  readonly index: number;
  readonly from: number;
}

/**
 * Shares of the whole 32-bit space instead of `random % sum`, so there is no modulo bias: each share is right to one part
 * in 2^32. A weight too small for a single number gets none.
 */
function leavesOf(weights: readonly number[]): readonly Leaf[] {
  const largest = weights.reduce((max, weight) => Math.max(max, weight), 0);
  const sum = weights.reduce((total, weight) => total + weight / largest, 0);
  const leaves: Leaf[] = [];
  let before = 0;
  weights.forEach((weight, index) => {
    if (weight === 0) return;
    const from = Math.round((before / sum) * numbers);
    if (leaves.at(-1)?.from === from) leaves.pop();
    if (from < numbers) leaves.push({ index, from });
    before += weight / largest;
  });
  return leaves;
}

/**
 * The cores of a listener without a weight are spread over the others: they go on to the selection, that is to chance. With
 * SKF_AD_RXHASH that choice would be a hash, but what a packet brings there is up to the network card, and often 0.
 */
function byCore(weights: readonly number[]): readonly Instruction[] {
  const without = weights.flatMap((weight, index) => (weight > 0 ? [] : [index]));
  const chain = without.flatMap((index, at) => [
    step(code.ifEqual, index, 0, 1),
    step(code.jump, 2 * (without.length - at - 1) + 1), // past the chain and the answer
  ]);
  return [step(code.loadWord, cpu), step(code.modulo, weights.length), ...chain, step(code.answerA, 0)];
}

/** A chain over 512 slots would cost a connection up to 511 comparisons; the tree costs 9. */
function selection(leaves: readonly Leaf[]): readonly Instruction[] {
  if (leaves.length === 0) return [step(code.answer, leaveToHash)];
  return [step(code.loadWord, random), ...search(leaves)];
}

/** Conditional jumps reach 255 instructions only, a plain one any distance: so the far half is reached by a plain jump. */
function search(leaves: readonly Leaf[]): readonly Instruction[] {
  const [only] = leaves;
  if (only !== undefined && leaves.length === 1) return [step(code.answer, only.index)];
  const middle = leaves.length >> 1;
  const low = search(leaves.slice(0, middle));
  const high = search(leaves.slice(middle));
  const boundary = leaves[middle];
  assert(boundary !== undefined, 'a search without a middle');
  return [step(code.ifAtLeast, boundary.from, 0, 1), step(code.jump, low.length), ...low, ...high];
}

/**
 * Only connections whose source address is their destination's are compared: a probe is one, and a client elsewhere that
 * happens to use the same source port is not sent to a slot that may not serve yet. IPv6: the last 32 bits are enough for
 * that, and no extension header is expected from ourselves.
 */
function probing(rules: readonly ProbeRule[]): readonly Instruction[] {
  if (rules.length === 0) return [];
  const table = rules.flatMap(({ sourcePort, index }) => [
    step(code.ifEqual, sourcePort, 0, 1),
    step(code.answer, index),
  ]);
  const ipv6 = [
    step(code.loadWord, net + 20), // source address, its end
    step(code.copyToX, 0),
    step(code.loadWord, net + 36), // destination address, its end
    step(code.ifEqualX, 0, 1, 0),
    step(code.jump, 1 + table.length), // past the rules
    step(code.loadHalf, net + 40), // source port
  ];
  const ipv4 = [
    step(code.loadWord, net + 12),
    step(code.copyToX, 0),
    step(code.loadWord, net + 16),
    step(code.ifEqualX, 0, 1, 0),
    step(code.jump, 3 + ipv6.length + table.length),
    step(code.loadHeaderLengthToX, net),
    step(code.loadHalfAtX, net),
    step(code.jump, ipv6.length), // to the rules
  ];
  return [
    step(code.loadByte, net), // version and header length
    step(code.shiftRight, 4),
    step(code.ifEqual, 4, 0, ipv4.length),
    ...ipv4,
    ...ipv6,
    ...table,
  ];
}
