import { err, ok, type Result } from '../shared/result.ts';
import { tcpRowsMax } from '../shared/limits.ts';
import type { Libc } from './libc.ts';
import { type DiagQuery, encodeDiagQuery, parseDiagReply, tcpRowOf } from './sock-diag-codec.ts';
import type { TcpRow } from './tcp-row.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const ENOENT = 2;

/**
 * Asks the kernel for TCP sockets; needs no privilege. A socket per question: 10 µs, and nothing to keep in order. Never waits:
 * the kernel has put the first answer in the queue when send returns, and the next one when receive does (netlink_dump()).
 *
 * The error is a text: the name of an errno (a sandbox without AF_NETLINK answers EAFNOSUPPORT), or what was wrong with
 * the reply.
 */
export function querySockDiag(libc: Libc, query: DiagQuery): Result<readonly TcpRow[], string> {
  const rows: TcpRow[] = [];
  const dump = dumpSockDiag(libc, query, tcpRowOf);
  for (let next = dump.next(); ; next = dump.next()) {
    if (next.done === true) return next.value.ok ? ok(rows) : next.value;
    rows.push(...next.value);
  }
}

/**
 * The same piece by piece, some 300 rows each, as `rowOf` reads them: the kernel goes on where it was whenever the next piece is
 * asked for, so the caller may do something else in between. What comes and goes meanwhile may or may not be seen.
 */
export function* dumpSockDiag<Row>(
  libc: Libc,
  query: DiagQuery,
  rowOf: (message: Buffer) => Row,
): Generator<readonly Row[], Result<undefined, string>> {
  const opened = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (!opened.ok) return opened;
  try {
    const sent = libc.send(opened.value, encodeDiagQuery(query));
    if (!sent.ok) return sent;
    for (let count = 0; count <= tcpRowsMax; ) {
      const received = libc.receive(opened.value, buffer);
      if (!received.ok) return received;
      const reply = parseDiagReply(buffer.subarray(0, received.value), rowOf);
      if (reply === undefined) return err('sock_diag answered something else');
      if (reply.errno !== 0 && reply.errno !== ENOENT) return err(`sock_diag answered errno ${reply.errno}`);
      count += reply.rows.length;
      yield reply.rows;
      if (reply.done || 'local' in query) return ok();
    }
    return err(`more than ${tcpRowsMax} sockets`);
  } finally {
    libc.close(opened.value);
  }
}

/** The kernel's own dump buffer is 32 KiB at most (NLMSG_GOODSIZE). */
const replyBytesMax = 64 * 1024;
/**
 * One for all questions: a new one each time grew the daemon by 46 MB in 1,600 questions (measured). Dumps may overlap, but each
 * reads what it has received before anything else can run.
 */
const buffer = Buffer.allocUnsafeSlow(replyBytesMax);
