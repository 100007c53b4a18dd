import type { ProgramConfig } from '../../config/schema.ts';

/** What `portherd doctor` has seen of the machine, the config and the daemon. Judged by the files beside this one. */
export interface Facts {
  readonly node: {
    /** `24.21.0` */
    readonly version: string;
    /** It has process.execve. */
    readonly replacesItself: boolean;
  };
  /** `6.1.0-18-amd64` */
  readonly kernel: string;
  /** Why libc cannot be called; undefined when it can. */
  readonly ffiError: string | undefined;
  readonly somaxconn: number;
  /** net.ipv4.tcp_migrate_req; undefined where the kernel has none. */
  readonly migrateReq: boolean | undefined;
  /** The hard limit, to which Node raises its own and its children's soft limit; may be Infinity. */
  readonly openFilesMax: number;
  readonly cpus: {
    /** How many workers `auto` means: affinity and the quota of the control group counted in. */
    readonly usable: number;
    /** Those that this process may run on. */
    readonly allowed: number;
  };
  /** kernel.yama.ptrace_scope; undefined without Yama. */
  readonly ptraceScope: number | undefined;
  /** Effective ones of this process. */
  readonly capabilities: { readonly bpf: boolean; readonly ptrace: boolean };
  readonly systemd: {
    /** It is PID 1 here. */
    readonly booted: boolean;
    readonly version: number | undefined;
  };
  /** Effective, of this process. */
  readonly uid: number;
  readonly config: ConfigFacts;
  readonly daemon: DaemonFacts;
  readonly runDir: DirectoryFacts;
  readonly controlSocket: SocketFacts;
  readonly logDir: LogDirFacts;
  /** One for each program, host and port of the config. */
  readonly ports: readonly PortFacts[];
}

export type ConfigFacts =
  | { readonly is: 'absent' }
  | { readonly is: 'wrong'; readonly path: string; readonly message: string; readonly advice: string }
  | { readonly is: 'good'; readonly path: string; readonly programs: readonly ProgramFacts[] };

export type ProgramFacts = Pick<ProgramConfig, 'name' | 'bind' | 'workers' | 'listen'>;

export type DaemonFacts =
  | { readonly is: 'absent' }
  /** Its socket is there, and nobody behind it; or workers are, and nobody who looks after them. */
  | { readonly is: 'dead'; readonly left: number }
  | { readonly is: 'unreachable'; readonly why: string }
  | {
      readonly is: 'running';
      readonly pid: number;
      readonly version: string;
      /** Undefined when it may not be seen. */
      readonly uid: number | undefined;
      /** Whether systemd started it, and listens to it. Undefined when that may not be seen. */
      readonly service: 'notify' | 'silent' | 'none' | undefined;
    };

export type DirectoryFacts =
  | { readonly is: 'missing'; readonly path: string; readonly mayCreate: boolean }
  | { readonly is: 'unseen'; readonly path: string; readonly why: string }
  | ({
      readonly is: 'there';
      readonly path: string;
      readonly kind: 'directory' | 'symlink' | 'other';
      /** On its file system. Undefined when that does not tell. */
      readonly freeBytes: number | undefined;
    } & Ownership);

export type SocketFacts =
  | { readonly is: 'missing'; readonly path: string }
  | { readonly is: 'unseen'; readonly path: string; readonly why: string }
  | ({ readonly is: 'there'; readonly path: string; readonly socket: boolean } & Ownership);

interface Ownership {
  readonly uid: number;
  /** Permission bits. */
  readonly mode: number;
}

export interface LogDirFacts {
  readonly path: string;
  /** Whether this user may write there, or create it. */
  readonly writable: boolean;
  /** Its file system has not answered in time, and may never do so. */
  readonly hangs: boolean;
  /** Undefined when it could not be asked. */
  readonly disk:
    | {
        /** `ext4`, or the number of its magic in hexadecimal. */
        readonly kind: string;
        /** FALLOC_FL_COLLAPSE_RANGE was tried: undefined where no file could be written. */
        readonly collapses: boolean | undefined;
        readonly freeBytes: number;
      }
    | undefined;
  readonly why: string;
}

export interface PortFacts {
  readonly program: string;
  readonly host: string;
  readonly port: number;
  /** Listeners of the running daemon and its workers. */
  readonly ours: number;
  /** Of workers that a daemon with this run directory has left behind. */
  readonly left: number;
  /** Everybody else's, if any: `pid 12 (nginx: master)`. */
  readonly others: string | undefined;
  /** Nobody holds it, and it cannot be bound all the same. */
  readonly refusal: { readonly message: string; readonly advice: string } | undefined;
}
