/** Temporary shape: replaced by the zod schema, which derives exactly these types. Durations are milliseconds. */
export interface ListenConfig {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly backlog: number;
}
export interface ProgramConfig {
  readonly name: string;
  readonly command: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly workers: number;
  readonly listen: readonly ListenConfig[];
  readonly bind: 'slot' | 'worker';
  readonly autostart: boolean;
  readonly autorestart: boolean | 'unexpected';
  readonly exitCodes: readonly number[];
  readonly startRetries: number;
  readonly backoff: {
    readonly initial: number;
    readonly max: number;
    readonly factor: number;
    readonly jitter: number;
    readonly resetAfter: number;
  };
  readonly readiness: {
    readonly type: 'listening' | 'message' | 'http';
    readonly path: string;
    readonly timeout: number;
  };
  readonly stop: {
    readonly signal: NodeJS.Signals;
    readonly drainTimeout: number;
    readonly idleTimeout: number;
    readonly killTimeout: number;
  };
  readonly roll: {
    readonly maxSurge: number;
    readonly maxUnavailable: number;
    readonly minReady: number;
    readonly pause: number;
    readonly onFailure: 'abort' | 'rollback';
  };
  readonly logs: { readonly stdout: string; readonly stderr: string };
  readonly priority: number;
}
export interface SupervisorConfig {
  readonly controlSocket: { readonly path: string | undefined; readonly mode: number };
  readonly runDir: string | undefined;
  readonly logDir: string | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly exitOnFatal: number | false;
}
export interface Config {
  readonly file: string | undefined;
  readonly supervisor: SupervisorConfig;
  readonly programs: readonly ProgramConfig[];
}
