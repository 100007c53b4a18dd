import { assert } from '../shared/assert.ts';

/**
 * Extended BPF, as far as our one program needs it: lines with labels → the bytes that bpf(2) takes. Knows no helper, no map and no kind
 * of program. Encodings: Documentation/bpf/standardization/instruction-set.rst; little-endian, as every machine that Node runs on
 * but s390x.
 */
export type Line = Instruction | { readonly label: string };

export interface Instruction {
  readonly code: number;
  /** 0..10 */
  readonly dst: number;
  readonly src: number;
  /** -2^15..2^15-1 bytes; or a label, for a jump. */
  readonly offset: number | string;
  /** 32 bits, signed or not. */
  readonly imm: number;
  /** Set for the only instruction of 16 bytes: the upper 32 bits. */
  readonly upper?: number;
}

export function assemble(lines: readonly Line[]): Uint8Array<ArrayBuffer> {
  const labels = placesOf(lines);
  const bytes = new Uint8Array(lines.reduce((sum, line) => sum + sizeOf(line), 0) * unitBytes);
  const view = new DataView(bytes.buffer);
  let unit = 0;
  for (const line of lines) {
    if ('label' in line) continue;
    const next = unit + sizeOf(line);
    const { code, dst, src, offset, imm, upper } = line;
    const at = unit * unitBytes;
    view.setUint8(at, code);
    view.setUint8(at + 1, (src << 4) | dst);
    view.setInt16(at + 2, typeof offset === 'number' ? offset : distance(labels, offset, next), true);
    view.setInt32(at + 4, imm, true);
    if (upper !== undefined) view.setInt32(at + unitBytes + 4, upper, true);
    unit = next;
  }
  return bytes;
}

const unitBytes = 8;

function sizeOf(line: Line): number {
  return 'label' in line ? 0 : line.upper === undefined ? 1 : 2;
}

function placesOf(lines: readonly Line[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  let unit = 0;
  for (const line of lines) {
    if ('label' in line) {
      assert(!places.has(line.label), `label ${line.label} is there twice`);
      places.set(line.label, unit);
    }
    unit += sizeOf(line);
  }
  return places;
}

/** Jumps count from the instruction after them. */
function distance(labels: ReadonlyMap<string, number>, label: string, from: number): number {
  const to = labels.get(label);
  assert(to !== undefined, `no label ${label}`);
  return to - from;
}

/** Size bits of loads and stores. */
const sizes = { u8: 0x10, u16: 0x08, u32: 0x00, u64: 0x18 } as const;
export type Size = keyof typeof sizes;

const comparisons = { '==': 0x10, '>': 0x20, '!=': 0x50, '<': 0xa0 } as const;
export type Comparison = keyof typeof comparisons;

const arithmetic = { '+': 0x00, '*': 0x20, '/': 0x30, '<<': 0x60, '>>': 0x70, '%': 0x90 } as const;
export type Arithmetic = keyof typeof arithmetic;

/** A register, as the second operand; a plain number is a constant. */
export interface Register {
  readonly register: number;
}

export function register(number: number): Register {
  assert(number >= 0 && number <= 10, `register ${number}`);
  return { register: number };
}

export type Operand = Register | number;

function line(code: number, dst: number, src: number, offset: number | string, imm: number): Instruction {
  return { code, dst, src, offset, imm };
}

/** The source bit says whether the second operand is a register. */
function withOperand(code: number, dst: number, operand: Operand, offset: number | string = 0): Instruction {
  return typeof operand === 'number'
    ? line(code, dst, 0, offset, operand)
    : line(code | 0x08, dst, operand.register, offset, 0);
}

export function label(name: string): Line {
  return { label: name };
}

/** All 64 bits; comparisons too. */
export function move({ register: to }: Register, value: Operand): Line {
  return withOperand(0xb7, to, value);
}

/** Unsigned. What is shifted by, multiplied with or divided by is the operand. */
export function compute({ register: to }: Register, operation: Arithmetic, value: Operand): Line {
  return withOperand(0x07 | arithmetic[operation], to, value);
}

/** The lower 16 bits from network order to the machine's; the rest becomes 0. */
export function fromNetwork16({ register: to }: Register): Line {
  return line(0xdc, to, 0, 0, 16);
}

/** Zero-extended. */
export function load({ register: to }: Register, size: Size, from: Register, offset: number): Line {
  return line(0x61 | sizes[size], to, from.register, offset, 0);
}

export function store(to: Register, offset: number, size: Size, { register: from }: Register): Line {
  return line(0x63 | sizes[size], to.register, from, offset, 0);
}

/** The number in memory becomes the sum, also when two processors do this at once (BPF_ATOMIC, BPF_ADD). */
export function addInMemory(to: Register, offset: number, size: 'u32' | 'u64', { register: from }: Register): Line {
  return line(0xc3 | sizes[size], to.register, from, offset, 0);
}

/** The same, and the register gets what was there before (BPF_FETCH; Linux 5.12). */
export function fetchAdd(to: Register, offset: number, size: 'u32' | 'u64', { register: from }: Register): Line {
  return line(0xc3 | sizes[size], to.register, from, offset, 1);
}

export function jump(to: string): Line {
  return line(0x05, 0, 0, to, 0);
}

/** Unsigned. */
export function jumpIf({ register: what }: Register, comparison: Comparison, value: Operand, to: string): Line {
  return withOperand(0x05 | comparisons[comparison], what, value, to);
}

/** Arguments in r1..r5, which are lost; the answer in r0. */
export function call(helper: number): Line {
  return line(0x85, 0, 0, 0, helper);
}

export function exit(): Line {
  return line(0x95, 0, 0, 0, 0);
}

/** The kernel puts the map's address in place of its descriptor (BPF_PSEUDO_MAP_FD). */
export function loadMap({ register: to }: Register, fd: number): Line {
  return { ...line(0x18, to, 1, 0, fd), upper: 0 };
}

/** The address of the only value of an array map (BPF_PSEUDO_MAP_VALUE). */
export function loadMapValue({ register: to }: Register, fd: number): Line {
  return { ...line(0x18, to, 2, 0, fd), upper: 0 };
}
