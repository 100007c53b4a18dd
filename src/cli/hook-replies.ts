import type { HookMoment, HooksReply, HookStatus, HookTestReply } from '../protocol/control-hooks.ts';
import { fields, list, number, oneOf, optional, text } from './fits.ts';

/** The shapes of protocol/control-hooks.ts. */

const moment = { at: number, event: text };

const hookStatus = fields<HookStatus>({
  name: text,
  target: text,
  events: list(text),
  programs: list(text),
  state: oneOf(['idle', 'sending', 'paused']),
  queued: number,
  delivered: number,
  failed: number,
  dropped: number,
  failures: number,
  retryInMs: optional(number),
  lastDelivered: optional(fields<HookMoment>(moment)),
  lastError: optional(fields<NonNullable<HookStatus['lastError']>>({ ...moment, why: text })),
});

export const hooksReply = fields<HooksReply>({ hooks: list(hookStatus) });

export const hookTestReply = fields<HookTestReply>({ hook: text, id: text, tookMs: number });
