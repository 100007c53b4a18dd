/** What the place of the control socket depends on. */
export interface SocketPlace {
  /** -s PATH, also as `unix:///path`. */
  readonly option: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  /** os.tmpdir() */
  readonly tmpdir: string;
}

/**
 * Where the daemon puts its control socket and portherdctl looks for it: -s, else $PORTHERD_SOCKET, else /run/portherd as root,
 * else $XDG_RUNTIME_DIR, else a directory under the temp dir, which only its owner may enter (the daemon sees to that).
 */
export function socketPath({ option, env, uid, tmpdir }: SocketPlace): string {
  const given = option ?? env['PORTHERD_SOCKET'];
  if (given !== undefined && given !== '') return given.replace(/^unix:\/\//, '');
  if (uid === 0) return '/run/portherd/control.sock';
  const runtime = env['XDG_RUNTIME_DIR'];
  // The XDG base directory specification: a relative path is invalid and to be ignored.
  if (runtime?.startsWith('/')) return `${runtime}/portherd/control.sock`;
  return `${tmpdir}/portherd-${uid}/control.sock`;
}
