/**
 * Runs a sk_reuseport program as the kernel would, as far as ours uses it (Documentation/bpf/standardization/instruction-set.rst).
 * Throws on what the kernel would refuse, on a read outside of what it may read, and on a run that does not end. Knows nothing of how
 * programs are built.
 */
export interface ReuseportRun {
  readonly maps: {
    readonly sockets: number;
    readonly probes: number;
    readonly table: number;
    readonly turns: number;
    readonly dealt: number;
  };
  /** The value of the table map. */
  readonly table: Uint8Array;
  readonly probes?: ReadonlyMap<number, number>;
  /** Slots that have a socket. */
  readonly sockets: ReadonlySet<number>;
  /** The value of the turns map, which the program counts on. */
  readonly turns: Uint32Array;
  /** The value of the dealt map, which the program adds to. */
  readonly dealt: BigUint64Array;
  readonly cpu?: number;
  /** From the IP header on; none for a connection that a closing listener leaves behind. */
  readonly packet?: Uint8Array;
  readonly migrating?: boolean;
}

/** The slot whose socket was selected; undefined: left to the hash. */
export function runReuseport(program: Uint8Array, run: ReuseportRun): number | undefined {
  return new Machine(program, run).run();
}

const regions = {
  context: 0x1000,
  packet: 0x2000,
  stack: 0x4000,
  probe: 0x5000,
  turns: 0x6000,
  dealt: 0x8000,
  table: 0x10000,
};
const stackBytes = 512;

class Machine {
  readonly #program: DataView;
  readonly #run: ReuseportRun;
  readonly #registers = Array<bigint>(11).fill(0n);
  readonly #stack = new Uint8Array(stackBytes);
  #found = 0;
  #selected: number | undefined;

  constructor(program: Uint8Array, run: ReuseportRun) {
    this.#program = new DataView(program.buffer, program.byteOffset, program.byteLength);
    this.#run = run;
    this.#registers[1] = BigInt(regions.context);
    this.#registers[10] = BigInt(regions.stack + stackBytes);
  }

  run(): number | undefined {
    const r = this.#registers;
    for (let pc = 0, steps = 0; ; pc += 1, steps += 1) {
      if (steps > 1_000 || pc * 8 >= this.#program.byteLength) throw new Error(`the run does not end (at ${pc})`);
      const { code, dst, src, offset, imm } = this.#at(pc);
      const kind = code & 7;
      if (code === 0x18) {
        if (src !== 1 && src !== 2) throw new Error(`a constant of 64 bits at ${pc}`);
        r[dst] = BigInt(src === 1 ? imm : this.#valueOf(imm));
        pc += 1;
      } else if (code === 0x95) {
        if (r[0] !== 1n) throw new Error(`answers ${r[0]}, not SK_PASS`);
        return this.#selected;
      } else if (code === 0x85) this.#call(imm);
      else if (code === 0x05) pc += offset;
      else if (code === 0xdc) r[dst] = BigInt(swap16(Number(this.#get(dst) & 0xffffn)));
      else if (kind === 5) pc += this.#holds(code, dst, src, imm) ? offset : 0;
      else if (kind === 7) r[dst] = BigInt.asUintN(64, this.#compute(code, dst, src, imm));
      else if (kind === 1) r[dst] = this.#load(Number(this.#get(src)) + offset, sizeOf(code));
      else if (code === 0xc3 && imm === 1) r[src] = this.#fetchAdd(Number(this.#get(dst)) + offset, this.#get(src));
      else if (code === 0xdb && imm === 0) this.#add(Number(this.#get(dst)) + offset, this.#get(src));
      else if (kind === 3) this.#store(Number(this.#get(dst)) + offset, sizeOf(code), this.#get(src));
      else throw new Error(`opcode ${code.toString(16)} at ${pc}`);
    }
  }

  #valueOf(map: number): number {
    const { table, turns, dealt } = this.#run.maps;
    if (map === table) return regions.table;
    if (map === turns) return regions.turns;
    if (map === dealt) return regions.dealt;
    throw new Error(`the value of map ${map}`);
  }

  #at(pc: number): { code: number; dst: number; src: number; offset: number; imm: number } {
    const registers = this.#program.getUint8(pc * 8 + 1);
    const [offset, imm] = [this.#program.getInt16(pc * 8 + 2, true), this.#program.getInt32(pc * 8 + 4, true)];
    return { code: this.#program.getUint8(pc * 8), dst: registers & 15, src: registers >> 4, offset, imm };
  }

  #get(register: number): bigint {
    const value = this.#registers[register];
    if (value === undefined) throw new Error(`register ${register}`);
    return value;
  }

  #operand(code: number, src: number, imm: number): bigint {
    return (code & 8) === 0 ? BigInt.asUintN(64, BigInt(imm)) : this.#get(src);
  }

  #holds(code: number, dst: number, src: number, imm: number): boolean {
    const [left, right] = [this.#get(dst), this.#operand(code, src, imm)];
    switch (code & 0xf0) {
      case 0x10:
        return left === right;
      case 0x20:
        return left > right;
      case 0x50:
        return left !== right;
      case 0xa0:
        return left < right;
      default:
        throw new Error(`jump ${code.toString(16)}`);
    }
  }

  #compute(code: number, dst: number, src: number, imm: number): bigint {
    const [left, right] = [this.#get(dst), this.#operand(code, src, imm)];
    switch (code & 0xf0) {
      case 0x00:
        return left + right;
      case 0x20:
        return left * right;
      case 0x30:
        return right === 0n ? 0n : left / right;
      case 0x60:
        return left << right;
      case 0x70:
        return left >> right;
      case 0x90:
        return right === 0n ? left : left % right;
      case 0xb0:
        return right;
      default:
        throw new Error(`arithmetic ${code.toString(16)}`);
    }
  }

  #call(helper: number): void {
    const r = this.#registers;
    const [map, key] = [Number(r[1]), Number(r[2])];
    const { maps, probes, sockets, packet = new Uint8Array(), cpu = 0 } = this.#run;
    if (helper === 1) {
      if (map !== maps.probes) throw new Error(`lookup in map ${map}`);
      const found = probes?.get(Number(this.#load(key, 4)));
      this.#found = found ?? 0;
      r[0] = found === undefined ? 0n : BigInt(regions.probe);
    } else if (helper === 8) r[0] = BigInt(cpu);
    else if (helper === 68) {
      const [offset, to, count] = [Number(r[2]), Number(r[3]), Number(r[4])];
      const fits = offset + count <= packet.length;
      for (let at = 0; at < count; at += 1) this.#store(to + at, 1, BigInt(fits ? (packet[offset + at] ?? 0) : 0));
      r[0] = fits ? 0n : BigInt.asUintN(64, -14n);
    } else if (helper === 82) {
      if (Number(r[2]) !== maps.sockets) throw new Error(`select from map ${r[2]}`);
      const slot = Number(this.#load(Number(r[3]), 4));
      if (sockets.has(slot)) this.#selected = slot;
      r[0] = sockets.has(slot) ? 0n : BigInt.asUintN(64, -2n);
    } else throw new Error(`helper ${helper}`);
    // The kernel does not keep these; whoever reads them now is refused by the verifier.
    for (const lost of [1, 2, 3, 4, 5]) r[lost] = 0xdead_beefn;
  }

  #load(address: number, bytes: number): bigint {
    const { table, packet = new Uint8Array(), migrating = false } = this.#run;
    const tcp = packet.subarray(headerBytes(packet));
    if (address >= regions.table) return read(table, address - regions.table, bytes);
    if (address >= regions.probe) return BigInt(this.#found);
    if (address >= regions.stack) return read(this.#stack, address - regions.stack, bytes);
    if (address >= regions.packet) return read(tcp, address - regions.packet, bytes);
    const field = address - regions.context;
    if (field === 0) return BigInt(regions.packet);
    if (field === 8) return BigInt(regions.packet + tcp.length);
    if (field === 20) return (packet[0] ?? 0) >> 4 === 4 ? 0x0008n : 0xdd86n;
    if (field === 48) return migrating ? 1n : 0n;
    throw new Error(`load from ${address}`);
  }

  #fetchAdd(address: number, value: bigint): bigint {
    const { turns } = this.#run;
    if (address !== regions.turns) throw new Error(`addition to ${address}`);
    const before = turns[0] ?? 0;
    turns[0] = Number(BigInt.asUintN(32, BigInt(before) + value));
    return BigInt(before);
  }

  #add(address: number, value: bigint): void {
    const at = (address - regions.dealt) / 8;
    const { dealt } = this.#run;
    if (!Number.isInteger(at) || at < 0 || at >= dealt.length) throw new Error(`addition to ${address}`);
    dealt[at] = (dealt[at] ?? 0n) + value;
  }

  #store(address: number, bytes: number, value: bigint): void {
    const at = address - regions.stack;
    if (at < 0 || at + bytes > stackBytes) throw new Error(`store to ${address}`);
    for (let byte = 0; byte < bytes; byte += 1) this.#stack[at + byte] = Number((value >> BigInt(8 * byte)) & 0xffn);
  }
}

function read(bytes: Uint8Array, at: number, count: number): bigint {
  if (at < 0 || at + count > bytes.length) throw new Error(`read of ${count} at ${at} of ${bytes.length}`);
  let value = 0n;
  for (let byte = count - 1; byte >= 0; byte -= 1) value = (value << 8n) | BigInt(bytes[at + byte] ?? 0);
  return value;
}

function headerBytes(packet: Uint8Array): number {
  const first = packet[0] ?? 0;
  return first >> 4 === 4 ? 4 * (first & 15) : first === 0 ? 0 : 40;
}

function sizeOf(code: number): number {
  const size = { 0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8 }[code & 0x18];
  if (size === undefined) throw new Error(`size of ${code}`);
  return size;
}

function swap16(value: number): number {
  return ((value & 0xff) << 8) | (value >> 8);
}
