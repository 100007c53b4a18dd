import type { ErrorBody } from './control.ts';

/** POST /v1/curl: one HTTP/1.1 request to the worker that serves in one slot, through the port that all share. */
export interface CurlRequest {
  readonly program: string;
  readonly slot: number;
  /** CONNECT is refused. */
  readonly method: string;
  /** Starts with `/`; printable ASCII. */
  readonly path: string;
  /** As they are to be sent; Host, User-Agent, Accept and Connection are added where they are missing. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** At most `curlBodyBytesMax` in UTF-8. */
  readonly body?: string;
  /** One of the program's ports; its first unless given. */
  readonly port?: number;
  readonly tls: boolean;
  /** The certificate must be valid for this name (and the name is sent as SNI); unless given it is not checked at all. */
  readonly verify?: string;
  /** For everything together: 1 .. `curlMsMax`. */
  readonly timeoutMs: number;
}

/** An error before the head is an HTTP error of the control socket; after it, it is in `finished`. */
export type CurlLine =
  | {
      readonly t: 'head';
      /** Who accepted the connection, by the kernel's list: of the worker's process group. */
      readonly pid: number;
      readonly address: string;
      readonly port: number;
      readonly httpVersion: string;
      readonly status: number;
      readonly reason: string;
      readonly headers: readonly (readonly [name: string, value: string])[];
      /** Connections made until that process took one. */
      readonly attempts: number;
    }
  /** Bytes in base64, as they come. */
  | { readonly t: 'body'; readonly base64: string }
  | { readonly t: 'finished'; readonly bytes: number; readonly tookMs: number; readonly error?: ErrorBody };
