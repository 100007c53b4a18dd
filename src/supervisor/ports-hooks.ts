import type { HookConfig } from '../config/hook-config.ts';
import type { HooksReply, HookTestReply, HookTestRequest } from '../protocol/control-hooks.ts';
import type { Result } from '../shared/result.ts';

/** Whom hooks tell, and who asks about them. */
export interface HookDelivery {
  /**
   * Resolves when the receiver has taken it or not, `hook.timeout` and a few seconds after it was begun, which others may delay. Nothing of it runs on then, also when
   * `abort` ends it.
   */
  deliver(message: HookMessage, abort: AbortSignal): Promise<Result<undefined, HookFailure>>;
  /** What it would fail of for certain: a command that is not there. Errors: NO_FILE, NOT_EXECUTABLE. */
  check(hook: HookConfig): Result<undefined>;
}

export interface HookMessage {
  readonly hook: HookConfig;
  /** One line of JSON. */
  readonly body: string;
  /** The same for shell scripts: `PORTHERD_EVENT` and the like. */
  readonly variables: Readonly<Record<string, string>>;
  /** The daemon ends: nothing else has to be done. */
  readonly hurried: boolean;
}

export interface HookFailure {
  /** For an operator: no secret of the config is in it. */
  readonly why: string;
  /** Another attempt would end the same. */
  readonly refused: boolean;
}

/** What the control socket's requests about hooks end in. */
export interface HookControl {
  hooks(): HooksReply;
  /** Tries once, whatever waits. Errors: BAD_NAME, HOOK_FAILED, SHUTTING_DOWN. */
  testHook(request: HookTestRequest): Promise<Result<HookTestReply>>;
}
