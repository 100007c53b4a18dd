/** Every buffer and every count has a limit; each says why it is what it is. */

/** Group indexes are 16 bit in the kernel, and a classic BPF chain of 512 slots takes 211 µs to attach (measured). */
export const slotsMax = 512;

/** A status reply for 256 slots is about 90 KiB, but a request names slots only. */
export const controlRequestBytesMax = 64 * 1024;

/** A client that has not sent its whole request by then is cut off. */
export const controlRequestMsMax = 5_000;

/** Replies of 512 slots stay below 1 MiB; more is not a portherd. */
export const controlReplyBytesMax = 16 * 1024 * 1024;

/** The longest frame is a beat, some 300 bytes. */
export const channelFrameBytesMax = 16 * 1024;

/** A roll's failure shows the worker's last words, not its log. */
export const lastWordsBytesMax = 2_048;

/** A config is written by a person; more than this is the wrong file. */
export const configBytesMax = 1024 * 1024;
