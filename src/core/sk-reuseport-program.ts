import {
  addInMemory,
  assemble,
  call,
  compute,
  exit,
  fetchAdd,
  fromNetwork16,
  jump,
  jumpIf,
  label,
  type Line,
  load,
  loadMap,
  loadMapValue,
  move,
  type Register,
  register,
  store,
} from './bpf-assembler.ts';
import type { SteerBy } from './effects.ts';
import { tableAt, weightTable } from './weight-table.ts';

/**
 * The sk_reuseport program (BPF_PROG_TYPE_SK_REUSEPORT) that does what the classic one of steering-program.ts does, with slots for
 * indexes: the kernel's order in the group does not matter to it, and it is loaded once; what changes is in its maps.
 *
 *   migrating   what a listener leaves behind when it closes goes to a slot with a weight
 *   probe       a connection from this machine to itself, from a source port of the map `probes` → its slot
 *   by core     if the table says so: the slot of the core that received the packet, if it has a weight
 *   weigh       the table's entries in turn: its slot or its alias. A slot without a socket passes the turn on, a few times
 *
 * Turns instead of chance: what is opened at once is spread as evenly as what is opened one by one. Every 64 rounds
 * begin with another entry, so that clients that come in a pattern do not meet the same slot for ever. Two processors never take the same
 * turn.
 *
 * What each slot was given is counted, so that a count of a worker that comes late does not have it given more.
 *
 * Whatever finds no listener leaves the choice to the kernel's hash (reuseport_select_sock()); nothing is ever dropped.
 */
export interface EbpfSteering {
  readonly program: (maps: MapDescriptors) => Uint8Array;
  readonly table: (weights: readonly number[], by: SteerBy) => Uint8Array;
  readonly tableBytes: number;
  /** A number of 64 bits for each slot: how many it was dealt. */
  readonly dealtBytes: number;
}

export const ebpfSteering: EbpfSteering = {
  program: skReuseportProgram,
  table: weightTable,
  tableBytes: tableAt.bytes,
  dealtBytes: 8 * tableAt.entriesMax,
};

export interface MapDescriptors {
  /** BPF_MAP_TYPE_REUSEPORT_SOCKARRAY: slot → socket. */
  readonly sockets: number;
  /** BPF_MAP_TYPE_HASH: source port (u32) → slot (u32). */
  readonly probes: number;
  /** BPF_MAP_TYPE_ARRAY with one value: the table of weight-table.ts. */
  readonly table: number;
  /** BPF_MAP_TYPE_ARRAY with one value: the next turn (u32), counted by the program. */
  readonly turns: number;
  /** BPF_MAP_TYPE_ARRAY with one value: per slot how many connections it was dealt, counted by the program. */
  readonly dealt: number;
}

/** Offsets in struct sk_reuseport_md (include/uapi/linux/bpf.h). */
const context = { data: 0, dataEnd: 8, etherType: 20, migrating: 48 };
/** htons(ETH_P_IP) and htons(ETH_P_IPV6), as a little-endian machine reads them. */
const etherTypes = { ipv4: 0x0008, ipv6: 0xdd86 };
/** Numbers of enum bpf_func_id. */
const helpers = { lookup: 1, core: 8, loadBytesRelative: 68, selectReuseport: 82 };
const BPF_HDR_START_NET = 1;
const SK_PASS = 1;
/** A table that is older than the death of a slot's socket may name it. */
const drawsMax = 4;
/** 2^32 divided by the golden ratio, and another odd number: multiples of them are spread evenly over 32 bits (Weyl). */
const golden = 0x9e37_79b1;
const phase = 0x85eb_ca6b;
const firstNumber = 0x5bd1_e995;
/** 2^6 rounds begin alike: in any stretch within them equal slots have the same but for one connection. */
const sameRounds = 6;

const [r0, r1, r2, r3, r4, r5] = [register(0), register(1), register(2), register(3), register(4), register(5)];
/** Kept over calls. */
const [ctx, slot, table, draws, frame] = [register(6), register(7), register(8), register(9), register(10)];
/** Below the frame pointer: a key of a map, and a copy of two addresses. */
const key = -4;
const addresses = -40;

export function skReuseportProgram(maps: MapDescriptors): Uint8Array<ArrayBuffer> {
  return assemble([
    move(ctx, r1),
    move(draws, 0),
    load(r1, 'u64', ctx, context.migrating),
    jumpIf(r1, '!=', 0, 'weigh'),
    ...probing(maps),
    ...byCore(maps),
    ...weighing(maps),
    label('choose'),
    store(frame, key, 'u32', slot),
    move(r1, ctx),
    loadMap(r2, maps.sockets),
    ...pointToFrame(r3, key),
    move(r4, 0),
    call(helpers.selectReuseport),
    jumpIf(r0, '==', 0, 'count'),
    compute(draws, '+', 1),
    jumpIf(draws, '<', drawsMax, 'weigh'),
    jump('pass'),
    label('count'),
    jumpIf(slot, '>', tableAt.entriesMax - 1, 'pass'),
    loadMapValue(r1, maps.dealt),
    compute(slot, '*', 8),
    compute(r1, '+', slot),
    move(r2, 1),
    addInMemory(r1, 0, 'u64', r2),
    label('pass'),
    move(r0, SK_PASS),
    exit(),
  ]);
}

/** As in the classic program: only a connection whose source address is its destination's is a probe. */
function probing({ probes }: MapDescriptors): readonly Line[] {
  return [
    // The data begins with the TCP header, and that with the source port.
    load(r2, 'u64', ctx, context.data),
    load(r3, 'u64', ctx, context.dataEnd),
    move(r4, r2),
    compute(r4, '+', 2),
    jumpIf(r4, '>', r3, 'core'),
    load(r1, 'u16', r2, 0),
    fromNetwork16(r1),
    store(frame, key, 'u32', r1),
    loadMap(r1, probes),
    ...pointToFrame(r2, key),
    call(helpers.lookup),
    jumpIf(r0, '==', 0, 'core'),
    load(slot, 'u32', r0, 0),
    load(r1, 'u32', ctx, context.etherType),
    jumpIf(r1, '==', etherTypes.ipv4, 'ipv4'),
    jumpIf(r1, '!=', etherTypes.ipv6, 'core'),
    ...loadAddresses(8, 32),
    ...unlessSame('u64', 0, 16),
    ...unlessSame('u64', 8, 24),
    jump('choose'),
    label('ipv4'),
    ...loadAddresses(12, 8),
    ...unlessSame('u32', 0, 4),
    jump('choose'),
  ];
}

/** `offset` from the start of the IP header, whatever lies before it. */
function loadAddresses(offset: number, bytes: number): readonly Line[] {
  return [
    move(r1, ctx),
    move(r2, offset),
    ...pointToFrame(r3, addresses),
    move(r4, bytes),
    move(r5, BPF_HDR_START_NET),
    call(helpers.loadBytesRelative),
    jumpIf(r0, '!=', 0, 'core'),
  ];
}

function unlessSame(size: 'u32' | 'u64', one: number, other: number): readonly Line[] {
  return [
    load(r1, size, frame, addresses + one),
    load(r2, size, frame, addresses + other),
    jumpIf(r1, '!=', r2, 'core'),
  ];
}

function byCore(maps: MapDescriptors): readonly Line[] {
  return [
    label('core'),
    loadMapValue(table, maps.table),
    load(r1, 'u32', table, tableAt.cores),
    jumpIf(r1, '==', 0, 'weigh'),
    call(helpers.core),
    load(r1, 'u32', table, tableAt.cores),
    compute(r0, '%', r1),
    jumpIf(r0, '>', tableAt.entriesMax - 1, 'weigh'),
    move(slot, r0),
    compute(table, '+', r0),
    load(r1, 'u8', table, tableAt.serves),
    jumpIf(r1, '!=', 0, 'choose'),
  ];
}

function weighing(maps: MapDescriptors): readonly Line[] {
  return [
    label('weigh'),
    loadMapValue(table, maps.table),
    load(r1, 'u32', table, tableAt.count),
    jumpIf(r1, '==', 0, 'pass'),
    loadMapValue(r2, maps.turns),
    move(r3, 1),
    fetchAdd(r2, 0, 'u32', r3),
    // r3 the turn, r4 its round; r5 where rounds of this time begin.
    move(r4, r3),
    compute(r4, '/', r1),
    move(r5, r4),
    compute(r5, '>>', sameRounds),
    ...spread(r5, golden),
    compute(r5, '>>', 8),
    compute(r3, '+', r5),
    ...spread(r4, golden),
    compute(r3, '%', r1),
    jumpIf(r3, '>', tableAt.entriesMax - 1, 'pass'), // never; the verifier wants to see it
    // Each entry divides its luck at another place of the round's number.
    move(r0, r3),
    ...spread(r0, phase),
    compute(r0, '+', r4),
    // The first number of all shall not be 0: that is below every threshold.
    compute(r0, '+', firstNumber),
    ...lower32(r0),
    compute(r3, '*', tableAt.entryBytes),
    compute(table, '+', r3),
    load(slot, 'u16', table, tableAt.entries + tableAt.slot),
    load(r1, 'u32', table, tableAt.entries + tableAt.threshold),
    jumpIf(r0, '<', r1, 'choose'),
    load(slot, 'u16', table, tableAt.entries + tableAt.alias),
  ];
}

/** Times a number of 32 bits, of which only the lower 32 bits are kept. */
function spread(what: Register, by: number): readonly Line[] {
  return [compute(what, '*', by), ...lower32(what)];
}

function lower32(what: Register): readonly Line[] {
  return [compute(what, '<<', 32), compute(what, '>>', 32)];
}

function pointToFrame(to: Register, offset: number): readonly Line[] {
  return [move(to, frame), compute(to, '+', offset)];
}
