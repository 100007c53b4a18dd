import type { Instruction } from '../../src/core/steering-program.ts';

/**
 * Runs a classic BPF program as the kernel would (Documentation/networking/filter.rst), as far as steering programs use it.
 * Throws on what the kernel would refuse or on a run that leaves the program. Knows nothing of how programs are built.
 */
export interface Packet {
  /** From the network header on. */
  readonly bytes: Uint8Array;
  /** What SKF_AD_RANDOM answers. */
  readonly random: number;
  /** What SKF_AD_CPU answers; 0 unless given. */
  readonly cpu?: number;
}

const netOffset = 2 ** 32 - 0x100000;
const randomOffset = 2 ** 32 - 0x1000 + 56;
const cpuOffset = 2 ** 32 - 0x1000 + 36;

export function runBpf(program: readonly Instruction[], packet: Packet): number {
  let a = 0;
  let x = 0;
  for (let pc = 0; ; pc++) {
    const instruction = program[pc];
    if (instruction === undefined) throw new Error(`ran to ${pc} of ${program.length}`);
    const { code, k, jt, jf } = instruction;
    switch (code) {
      case 0x20:
        a = k === randomOffset ? packet.random : k === cpuOffset ? (packet.cpu ?? 0) : load(packet, k, 4);
        break;
      case 0x28:
        a = load(packet, k, 2);
        break;
      case 0x30:
        a = load(packet, k, 1);
        break;
      case 0x48:
        a = load(packet, x + k, 2);
        break;
      case 0xb1:
        x = 4 * (load(packet, k, 1) & 15);
        break;
      case 0x94:
        a %= k;
        break;
      case 0x74:
        a >>>= k;
        break;
      case 0x07:
        x = a;
        break;
      case 0x05:
        pc += k;
        break;
      case 0x15:
        pc += a === k ? jt : jf;
        break;
      case 0x1d:
        pc += a === x ? jt : jf;
        break;
      case 0x35:
        pc += a >= k ? jt : jf;
        break;
      case 0x06:
        return k;
      case 0x16:
        return a;
      default:
        throw new Error(`opcode ${code.toString(16)} at ${pc}`);
    }
  }
}

/** The static rules of bpf_check_classic(): every jump lands inside, the last instruction answers, fields fit their bits. */
export function checkBpf(program: readonly Instruction[]): void {
  if (program.length === 0 || program.length > 4096) throw new Error(`${program.length} instructions`);
  program.forEach(({ code, jt, jf, k }, pc) => {
    const fits = [jt, jf].every((jump) => Number.isInteger(jump) && jump >= 0 && jump <= 255);
    if (!fits || !Number.isInteger(k) || k < 0 || k >= 2 ** 32)
      throw new Error(`instruction ${pc} does not fit its bits`);
    const farthest = pc + 1 + (code === 0x05 ? k : Math.max(jt, jf));
    if ((code & 7) === 5 && farthest >= program.length) throw new Error(`the jump at ${pc} leaves the program`);
  });
  if (program.some(({ code, k }) => code === 0x94 && k === 0)) throw new Error('a division by zero');
  if (program.at(-1)?.code !== 0x06) throw new Error('the last instruction does not answer');
}

function load({ bytes }: Packet, k: number, size: number): number {
  const at = k - netOffset;
  if (at < 0 || at + size > bytes.length) throw new Error(`load of ${size} bytes at ${at} of ${bytes.length}`);
  return Buffer.from(bytes).readUIntBE(at, size);
}
