import type { Server } from 'node:net';

/**
 * Closes a server's listening socket and nothing else: the server itself stays as the app left it.
 *
 * `http.Server.close()` would reset requests on idle connections; `net.Server.close()` would emit 'close', and make the close()
 * in the app's own SIGTERM code fail with ERR_SERVER_NOT_RUNNING (apps exit 1 on that). So the handle below the server is
 * replaced by a stand-in that the app's close() closes, that answers address(), and that keeps the process for its
 * stop signal as long as a listener would, at most `holdMs`. `_handle` and the methods used on it: lib/net.js of 22.23, 24.21
 * and 26.10.
 */
export function stopListener(server: Server, holdMs: number): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the field is Node's own and has no type
  const inside = server as unknown as ServerInside;
  const handle = inside._handle;
  if (handle === null || handle === undefined) return;
  const address: object = {};
  handle.getsockname(address);
  const hold = setTimeout(() => {}, holdMs);
  if (inside._unref === true) hold.unref();
  inside._handle = {
    close: (done) => {
      clearTimeout(hold);
      if (done !== undefined) setImmediate(done);
    },
    ref: () => hold.ref(),
    unref: () => hold.unref(),
    hasRef: () => hold.hasRef(),
    getsockname: (out) => {
      Object.assign(out, address);
      return 0;
    },
    getAsyncId: () => handle.getAsyncId(),
    fd: -1,
  };
  handle.close();
}

/** The part of a server that lib/net.js keeps to itself. */
interface ServerInside {
  _handle: ListenHandle | null | undefined;
  readonly _unref?: boolean;
}

interface ListenHandle {
  close(done?: () => void): void;
  ref(): unknown;
  unref(): unknown;
  hasRef(): boolean;
  getsockname(out: object): number;
  getAsyncId(): number;
  readonly fd: number;
}
