/**
 * portherdctl ↔ supervisor: who is told of events, and how that goes.
 *
 * | request             | body            | reply                                              |
 * |---------------------|-----------------|----------------------------------------------------|
 * | GET  /v1/hooks      |                 | HooksReply                                         |
 * | POST /v1/hooks/test | HookTestRequest | HookTestReply when it is delivered, or HOOK_FAILED |
 */
export interface HooksReply {
  /** In the order of the config. */
  readonly hooks: readonly HookStatus[];
}

export interface HookStatus {
  readonly name: string;
  /** `notify-ops …`, `https://example.com/…`: what may be a secret is left out. */
  readonly target: string;
  readonly events: readonly string[];
  /** None means all. */
  readonly programs: readonly string[];
  readonly state: 'idle' | 'sending' | 'paused';
  /** That wait, the one that is being sent included. */
  readonly queued: number;
  /** Events since the daemon began; tests are not counted. */
  readonly delivered: number;
  /** Given up, after all attempts or because they were refused. */
  readonly failed: number;
  /** Never delivered, because more waited than its queue takes. */
  readonly dropped: number;
  /** Attempts that have failed since the last one that did not. */
  readonly failures: number;
  /** Until the next attempt, of one that is paused. */
  readonly retryInMs?: number;
  readonly lastDelivered?: HookMoment;
  readonly lastError?: HookMoment & { readonly why: string };
}

export interface HookMoment {
  /** Unix ms */
  readonly at: number;
  readonly event: string;
}

export interface HookTestRequest {
  readonly hook: string;
}

export interface HookTestReply {
  readonly hook: string;
  /** Of the delivery, as the receiver saw it. */
  readonly id: string;
  readonly tookMs: number;
}

/** Names; between the config file and what runs. */
export interface HookChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}
