/** POST /v1/reload answers before the process replaces itself; who then has a shorter uptime is the new one. */
export interface ReloadReply {
  readonly pid: number;
  /** Of portherd, before. */
  readonly version: string;
  readonly uptimeMs: number;
}
