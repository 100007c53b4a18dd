import { createRequire } from 'node:module';
import type Koffi from 'koffi';
import { failure, messageOf } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';

/**
 * The few system calls that Node has no name for, typed. The only file that knows koffi, and it loads it on first use:
 * `bind: worker` needs none of this, and koffi costs 8 MB. Knows no sockets, addresses or options beyond passing them on.
 *
 * Every call returns at once: sockets that could make it wait are set non-blocking or asked with MSG_DONTWAIT.
 */
export interface Libc {
  socket(domain: number, type: number, protocol: number): SystemCall;
  bind(fd: number, address: Uint8Array): SystemCall;
  listen(fd: number, backlog: number): SystemCall;
  /** EINPROGRESS on a non-blocking socket: it has begun. */
  connect(fd: number, address: Uint8Array): SystemCall;
  /** accept4 with SOCK_CLOEXEC; EAGAIN on a non-blocking socket with an empty queue. */
  accept(fd: number): SystemCall;
  close(fd: number): SystemCall;
  /** pipe2(2), close-on-exec: fills in which descriptor is read and which is written. */
  pipe(ends: Int32Array): SystemCall;
  /** Another descriptor of the same open file, close-on-exec. */
  duplicate(fd: number): SystemCall;
  /** Of this descriptor alone: whether a program that is executed gets it. */
  setCloseOnExec(fd: number, on: boolean): SystemCall;
  /** For everybody who shares the open file. Answers how it was before: 1 for non-blocking, else 0. */
  setNonBlocking(fd: number, on: boolean): SystemCall;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array): SystemCall;
  /** Fills `value`; answers how many bytes the kernel wrote. */
  getsockopt(fd: number, level: number, option: number, value: Uint8Array): SystemCall;
  /** Fills `address` (28 bytes hold any IP address). */
  getsockname(fd: number, address: Uint8Array): SystemCall;
  /** setsockopt with a `struct sock_fprog` of 8-byte classic BPF instructions. */
  attachFilter(fd: number, option: number, instructions: Uint8Array): SystemCall;
  send(fd: number, bytes: Uint8Array): SystemCall;
  /**
   * sendmsg(2) to an address, with copies of open descriptors attached (SCM_RIGHTS, unix(7)); at most 253. Never waits
   * (MSG_DONTWAIT): EAGAIN while the receiver's queue is full.
   */
  sendTo(fd: number, address: Uint8Array, bytes: Uint8Array, descriptors: readonly number[]): SystemCall;
  /** Never waits (MSG_DONTWAIT). */
  receive(fd: number, into: Uint8Array): SystemCall;
  /** fallocate(2); offsets and lengths in bytes. ENOTSUP where the file system cannot do what `mode` asks. */
  fallocate(fd: number, mode: number, offset: number, length: number): SystemCall;
  /** The same on the thread pool, for files: it writes back what is dirty behind the range, so it takes as long as the disk. */
  fallocateLater(fd: number, mode: number, offset: number, length: number): Promise<SystemCall>;
  /** ioctl(2) with a structure that it reads and fills. */
  ioctl(fd: number, request: number, argument: Uint8Array): SystemCall;
  /** flock(2) with LOCK_EX | LOCK_NB: EAGAIN while another open file holds it; the kernel lets go when the last copy closes. */
  lock(fd: number): SystemCall;
  /**
   * waitid(2) with WEXITED | WNOHANG for one dead child, or any with `pid` 0; it stays a zombie when `keep` (WNOWAIT).
   * Fills `siginfo`, of 128 bytes; ECHILD when there is no such child.
   */
  waitid(pid: number, keep: boolean, siginfo: Uint8Array): SystemCall;
  /** bpf(2) with a `union bpf_attr`; ENOSYS where we do not know its number. */
  bpf(command: number, attributes: Uint8Array): SystemCall;
  /** pidfd_open(2): names a process for good, whatever becomes of its pid. ESRCH, EPERM where seccomp refuses. */
  pidfdOpen(pid: number): SystemCall;
  /** pidfd_getfd(2): our own copy (close-on-exec) of a descriptor of that process. Needs what ptrace(2) needs: the same user. */
  pidfdGetfd(pidfd: number, fd: number): SystemCall;
  /** Where the bytes are, for a pointer within a struct: right as long as they are referenced. */
  addressOf(bytes: Uint8Array): bigint;
  /** getpgid(2): a twentieth of what reading /proc/PID/stat costs. ESRCH when there is no such process. */
  processGroup(pid: number): SystemCall;
}

/** What the call answered, or the name of its errno (`EADDRINUSE`). */
export type SystemCall = Result<number, string>;

/** The same answer however often it is asked. Errors: FFI_UNAVAILABLE. */
export function loadLibc(): Result<Libc> {
  loaded ??= bindLibc(() => createRequire(import.meta.url)('koffi'));
  return loaded;
}

let loaded: Result<Libc> | undefined;

export function bindLibc(importKoffi: () => typeof Koffi): Result<Libc> {
  try {
    return ok(declare(importKoffi()));
  } catch (thrown) {
    return err(failure('FFI_UNAVAILABLE', `no access to libc: ${messageOf(thrown)}`));
  }
}

/** Numbers of asm-generic, the same on amd64, arm64 and riscv64 (include/uapi/asm-generic/{fcntl,socket}.h, linux/{net,wait}.h). */
const SOL_SOCKET = 1;
const SOCK_CLOEXEC = 0o2000000;
const O_CLOEXEC = 0o2000000;
const O_NONBLOCK = 0o4000;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const P_ALL = 0;
const P_PID = 1;
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x01000000;
const SCM_RIGHTS = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

function declare(koffi: typeof Koffi): Libc {
  // null is the running process, which has libc under whatever file name glibc or musl gave it.
  const lib = koffi.load(null);
  const program = koffi.struct({ len: 'uint16_t', filter: 'const void *' });
  const part = koffi.struct({ base: 'const void *', length: 'size_t' });
  // struct msghdr of glibc; musl's narrower counts lie at the same places on 64-bit little-endian machines.
  const message = koffi.struct({
    name: 'const void *',
    nameLength: 'uint32_t',
    parts: koffi.pointer(part),
    partCount: 'size_t',
    control: 'const void *',
    controlLength: 'size_t',
    flags: 'int',
  });
  const native = {
    socket: lib.func('int socket(int, int, int)'),
    bind: lib.func('int bind(int, const void *, uint32_t)'),
    listen: lib.func('int listen(int, int)'),
    connect: lib.func('int connect(int, const void *, uint32_t)'),
    accept4: lib.func('int accept4(int, void *, void *, int)'),
    close: lib.func('int close(int)'),
    pipe2: lib.func('int pipe2(void *, int)'),
    fcntl: lib.func('int fcntl(int, int, ...)'),
    setsockopt: lib.func('int setsockopt(int, int, int, const void *, uint32_t)'),
    getsockopt: lib.func('int getsockopt(int, int, int, void *, uint32_t *)'),
    getsockname: lib.func('int getsockname(int, void *, uint32_t *)'),
    attach: lib.func('setsockopt', 'int', ['int', 'int', 'int', koffi.pointer(program), 'uint32_t']),
    send: lib.func('intptr_t send(int, const void *, size_t, int)'),
    sendmsg: lib.func('sendmsg', 'intptr_t', ['int', koffi.pointer(message), 'int']),
    recv: lib.func('intptr_t recv(int, void *, size_t, int)'),
    fallocate: lib.func('int fallocate(int, int, int64_t, int64_t)'),
    ioctl: lib.func('int ioctl(int, unsigned long, ...)'),
    flock: lib.func('int flock(int, int)'),
    getpgid: lib.func('int getpgid(int)'),
    bpf: lib.func('syscall', 'intptr_t', ['intptr_t', 'int', 'void *', 'uint32_t']),
    pidfd: lib.func('syscall', 'intptr_t', ['intptr_t', 'int', 'int', 'uint32_t']),
    waitid: lib.func('int waitid(int, int, void *, int)'),
  };
  const bpfNumber = bpfNumbers[process.arch];
  const names = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));

  /** errno is read right after the call: anything that runs in between may change it. */
  function answer(returned: number): SystemCall {
    if (returned !== -1) return ok(returned);
    const errno = koffi.errno();
    return err(aliases[names.get(errno) ?? ''] ?? names.get(errno) ?? `errno ${errno}`);
  }

  return {
    socket: (domain, type, protocol) => answer(native.socket(domain, type, protocol)),
    bind: (fd, address) => answer(native.bind(fd, address, address.length)),
    listen: (fd, backlog) => answer(native.listen(fd, backlog)),
    connect: (fd, address) => answer(native.connect(fd, address, address.length)),
    accept: (fd) => answer(native.accept4(fd, null, null, SOCK_CLOEXEC)),
    close: (fd) => answer(native.close(fd)),
    pipe: (ends) => answer(native.pipe2(ends, O_CLOEXEC)),
    duplicate: (fd) => answer(native.fcntl(fd, F_DUPFD_CLOEXEC, 'int', 0)),
    setCloseOnExec: (fd, on) => answer(native.fcntl(fd, F_SETFD, 'int', on ? FD_CLOEXEC : 0)),
    setNonBlocking(fd, on) {
      const flags = answer(native.fcntl(fd, F_GETFL, 'int', 0));
      if (!flags.ok) return flags;
      const wanted = on ? flags.value | O_NONBLOCK : flags.value & ~O_NONBLOCK;
      const set = answer(native.fcntl(fd, F_SETFL, 'int', wanted));
      return set.ok ? ok((flags.value & O_NONBLOCK) === 0 ? 0 : 1) : set;
    },
    setsockopt: (fd, level, option, value) => answer(native.setsockopt(fd, level, option, value, value.length)),
    getsockopt(fd, level, option, value) {
      const length = new Uint32Array([value.length]);
      const called = answer(native.getsockopt(fd, level, option, value, length));
      return called.ok ? ok(length[0] ?? 0) : called;
    },
    getsockname: (fd, address) => answer(native.getsockname(fd, address, new Uint32Array([address.length]))),
    attachFilter: (fd, option, instructions) =>
      answer(
        native.attach(
          fd,
          SOL_SOCKET,
          option,
          { len: instructions.length / 8, filter: instructions },
          koffi.sizeof(program),
        ),
      ),
    send: (fd, bytes) => answer(Number(native.send(fd, bytes, bytes.length, MSG_NOSIGNAL))),
    sendTo(fd, address, bytes, descriptors) {
      const control = descriptors.length === 0 ? null : rights(descriptors);
      const parts = { base: bytes, length: bytes.length };
      const target = { name: address, nameLength: address.length, parts, partCount: 1 };
      const attached = { control, controlLength: control?.length ?? 0, flags: 0 };
      return answer(Number(native.sendmsg(fd, { ...target, ...attached }, MSG_NOSIGNAL | MSG_DONTWAIT)));
    },
    receive: (fd, into) => answer(Number(native.recv(fd, into, into.length, MSG_DONTWAIT))),
    waitid: (pid, keep, siginfo) =>
      answer(native.waitid(pid === 0 ? P_ALL : P_PID, pid, siginfo, WEXITED | WNOHANG | (keep ? WNOWAIT : 0))),
    bpf: (command, attributes) =>
      bpfNumber === undefined
        ? err('ENOSYS')
        : answer(Number(native.bpf(bpfNumber, command, attributes, attributes.length))),
    pidfdOpen: (pid) => answer(Number(native.pidfd(SYS_pidfd_open, pid, 0, 0))),
    pidfdGetfd: (pidfd, fd) => answer(Number(native.pidfd(SYS_pidfd_getfd, pidfd, fd, 0))),
    addressOf: (bytes) => koffi.address(bytes),
    processGroup: (pid) => answer(native.getpgid(pid)),
    fallocate: (fd, mode, offset, length) => answer(native.fallocate(fd, mode, offset, length)),
    fallocateLater: (fd, mode, offset, length) =>
      new Promise((resolve, reject) => {
        native.fallocate.async(fd, mode, offset, length, (error: unknown, returned: number) => {
          if (error !== null && error !== undefined) reject(error);
          else resolve(answer(returned));
        });
      }),
    ioctl: (fd, request, argument) => answer(native.ioctl(fd, request, 'void *', argument)),
    lock: (fd) => answer(native.flock(fd, LOCK_EX | LOCK_NB)),
  };
}

/** struct cmsghdr { size_t len; int level, type } of SCM_RIGHTS, padded to 8 bytes (cmsg(3), 64 bit). */
function rights(descriptors: readonly number[]): Uint8Array {
  const length = 16 + 4 * descriptors.length;
  const bytes = Buffer.alloc(Math.ceil(length / 8) * 8);
  bytes.writeBigUInt64LE(BigInt(length), 0);
  bytes.writeInt32LE(SOL_SOCKET, 8);
  bytes.writeInt32LE(SCM_RIGHTS, 12);
  descriptors.forEach((fd, at) => bytes.writeInt32LE(fd, 16 + 4 * at));
  return bytes;
}

/** Since Linux 5.1 new system calls have the same number everywhere. */
const SYS_pidfd_open = 434;
const SYS_pidfd_getfd = 438;

/** glibc has no bpf(): __NR_bpf, by process.arch (arch/…/syscall.tbl, include/uapi/asm-generic/unistd.h). */
const bpfNumbers: Readonly<Record<string, number>> = { x64: 321, arm64: 280, riscv64: 280, loong64: 280 };

/** Names that share a number on Linux: one spelling, whichever the table gave last. */
const aliases: Readonly<Record<string, string>> = { EWOULDBLOCK: 'EAGAIN', EOPNOTSUPP: 'ENOTSUP' };
