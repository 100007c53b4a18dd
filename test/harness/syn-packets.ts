/** First packets of connections, from the IP header on, as far as steering programs look at them. */
export interface Syn {
  readonly sourcePort: number;
  /** Not from the address that it goes to. */
  readonly fromElsewhere?: boolean;
}

export function ipv4({ sourcePort, fromElsewhere = false }: Syn, headerBytes = 20): Uint8Array {
  const bytes = Buffer.alloc(headerBytes + 20);
  bytes[0] = 0x40 | (headerBytes / 4);
  bytes.set([127, 0, 0, fromElsewhere ? 9 : 1], 12);
  bytes.set([127, 0, 0, 1], 16);
  bytes.writeUInt16BE(sourcePort, headerBytes);
  return bytes;
}

export function ipv4WithOptions(syn: Syn): Uint8Array {
  return ipv4(syn, 32);
}

export function ipv6({ sourcePort, fromElsewhere = false }: Syn): Uint8Array {
  const bytes = Buffer.alloc(60);
  bytes[0] = 0x60;
  bytes[23] = fromElsewhere ? 9 : 1;
  bytes[39] = 1;
  bytes.writeUInt16BE(sourcePort, 40);
  return bytes;
}
