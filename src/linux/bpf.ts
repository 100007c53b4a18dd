import type { Libc, SystemCall } from './libc.ts';

/**
 * bpf(2), as far as steering needs it: maps, and sk_reuseport programs. Needs CAP_BPF, or root. Maps and programs are descriptors,
 * close-on-exec; a map lives as long as a descriptor or a program that uses it, a program as long as a descriptor or a group.
 */
export interface Bpf {
  createMap(type: MapType, keyBytes: number, valueBytes: number, entries: number): SystemCall;
  /** Adds or replaces. */
  update(map: number, key: number, value: Uint8Array): SystemCall;
  /** Fills `value`; ENOENT when there is none. */
  lookup(map: number, key: number, value: Uint8Array): SystemCall;
  /** ENOENT when there is none. */
  remove(map: number, key: number): SystemCall;
  /** One that also says where connections go that a closing listener leaves behind: since Linux 5.14. */
  loadReuseport(instructions: Uint8Array): SystemCall;
}

export type MapType = keyof typeof mapTypes;

/** enum bpf_map_type, bpf_cmd, bpf_prog_type and bpf_attach_type of include/uapi/linux/bpf.h. */
const mapTypes = { hash: 1, array: 2, reuseportSocketArray: 20 } as const;
const commands = { createMap: 0, lookup: 1, update: 2, remove: 3, loadProgram: 5 };
const BPF_PROG_TYPE_SK_REUSEPORT = 21;
const BPF_SK_REUSEPORT_SELECT_OR_MIGRATE = 40;

/** Shown by bpftool; at most 15 characters. */
const name = Buffer.from('portherd');
/** None of the helpers that we call is reserved to the GPL. */
const license = Buffer.from('MIT\0');

export function createBpf(libc: Libc): Bpf {
  return {
    createMap(type, keyBytes, valueBytes, entries) {
      const attributes = Buffer.alloc(72);
      const numbers = [mapTypes[type], keyBytes, valueBytes, entries];
      for (const [at, number] of numbers.entries()) attributes.writeUInt32LE(number, at * 4);
      attributes.set(name, 28);
      return libc.bpf(commands.createMap, attributes);
    },
    update: (map, key, value) => onElement(libc, commands.update, map, key, value),
    lookup: (map, key, value) => onElement(libc, commands.lookup, map, key, value),
    remove: (map, key) => onElement(libc, commands.remove, map, key),
    loadReuseport(instructions) {
      const attributes = Buffer.alloc(72);
      attributes.writeUInt32LE(BPF_PROG_TYPE_SK_REUSEPORT, 0);
      attributes.writeUInt32LE(instructions.length / 8, 4);
      attributes.writeBigUInt64LE(libc.addressOf(instructions), 8);
      attributes.writeBigUInt64LE(libc.addressOf(license), 16);
      attributes.set(name, 48);
      attributes.writeUInt32LE(BPF_SK_REUSEPORT_SELECT_OR_MIGRATE, 68);
      return libc.bpf(commands.loadProgram, attributes);
    },
  };
}

function onElement(libc: Libc, command: number, map: number, key: number, value?: Uint8Array): SystemCall {
  const keyBytes = Buffer.alloc(4);
  keyBytes.writeUInt32LE(key);
  const attributes = Buffer.alloc(32);
  attributes.writeUInt32LE(map, 0);
  attributes.writeBigUInt64LE(libc.addressOf(keyBytes), 8);
  if (value !== undefined) attributes.writeBigUInt64LE(libc.addressOf(value), 16);
  return libc.bpf(command, attributes);
}
