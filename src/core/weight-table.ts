import { assert } from '../shared/assert.ts';
import { slotsMax } from '../shared/limits.ts';
import type { SteerBy } from './effects.ts';

/**
 * Weights as the table that the sk_reuseport program draws from: Walker's alias method. Every entry is as likely as any other, and
 * each shares its luck between two slots, so any proportions fit into as many entries as there are slots: right to one part in 2^32,
 * where a table of repeated slot numbers would round small weights to nothing.
 *
 *   count    entries that may be drawn; 0 leaves all to the kernel's hash
 *   cores    by core: the number of slots that the core's number is divided by; else 0
 *   entries  { threshold, slot, alias }: a number of 32 bits below the threshold means the slot, else the alias
 *   serves   by core: a byte per slot, 1 when it has a weight
 *
 * Numbers are in the machine's order (little-endian, see bpf-assembler.ts). The kernel copies a new table over the old one while it is
 * read: for that moment a connection may be sent as either of the two says.
 */
export function weightTable(weights: readonly number[], by: SteerBy): Uint8Array<ArrayBuffer> {
  assert(weights.length <= slotsMax, `${weights.length} weights`);
  assert(
    weights.every((weight) => weight >= 0 && Number.isFinite(weight)),
    `weights ${weights.join(' ')}`,
  );
  const table = new Uint8Array(tableAt.bytes);
  const view = new DataView(table.buffer);
  const positive = weights.some((weight) => weight > 0);
  // The kernel's hash only chooses among the whole group, so one that must be left out leaves it to chance.
  const hashes = by === 'hash' && weights.every((weight) => weight > 0);
  if (hashes || !positive) return table;
  const entries = aliasEntries(by === 'weight' ? weights : weights.map((weight) => Math.sign(weight)));
  view.setUint32(tableAt.count, entries.length, true);
  view.setUint32(tableAt.cores, by === 'cpu' ? weights.length : 0, true);
  for (const [index, { threshold, slot, alias }] of entries.entries()) {
    const at = tableAt.entries + index * tableAt.entryBytes;
    view.setUint32(at + tableAt.threshold, threshold, true);
    view.setUint16(at + tableAt.slot, slot, true);
    view.setUint16(at + tableAt.alias, alias, true);
  }
  for (const [slot, weight] of weights.entries()) if (weight > 0) table[tableAt.serves + slot] = 1;
  return table;
}

/** Offsets in the table; those of an entry count from its start. */
export const tableAt = {
  count: 0,
  cores: 4,
  entries: 8,
  threshold: 0,
  slot: 4,
  alias: 6,
  entryBytes: 8,
  entriesMax: slotsMax,
  serves: 8 + slotsMax * 8,
  bytes: 8 + slotsMax * 9,
} as const;

interface Entry {
  /** 0..2^32-1; a slot that needs a whole entry is its own alias. */
  readonly threshold: number;
  readonly slot: number;
  readonly alias: number;
}

const numbers = 2 ** 32;

/** Vose's construction: who has less than an average share fills the entry up with one who has more. */
function aliasEntries(weights: readonly number[]): readonly Entry[] {
  const largest = weights.reduce((max, weight) => Math.max(max, weight), 0);
  const sum = weights.reduce((total, weight) => total + weight / largest, 0);
  const slots = weights.flatMap((weight, slot) => (weight > 0 ? [{ slot, weight: weight / largest }] : []));
  // In entries: 1 is the share of one entry.
  const poor: { readonly slot: number; readonly left: number }[] = [];
  const rich: { readonly slot: number; readonly left: number }[] = [];
  for (const { slot, weight } of slots) {
    const left = (weight / sum) * slots.length;
    (left < 1 ? poor : rich).push({ slot, left });
  }
  const entries: Entry[] = [];
  for (let less = poor.pop(), more = rich.pop(); less !== undefined || more !== undefined; ) {
    if (less === undefined || more === undefined) {
      // Only rounding can leave anything but whole entries here.
      const { slot } = less ?? more ?? { slot: 0 };
      entries.push({ threshold: numbers - 1, slot, alias: slot });
      less = poor.pop();
      more = rich.pop();
      continue;
    }
    // A weight above 0 gets at least one number in 2^32.
    const threshold = Math.min(numbers - 1, Math.max(1, Math.round(less.left * numbers)));
    entries.push({ threshold, slot: less.slot, alias: more.slot });
    const left = more.left - (1 - less.left);
    less = left < 1 ? { slot: more.slot, left } : poor.pop();
    more = left < 1 ? rich.pop() : { slot: more.slot, left };
  }
  return entries;
}
