import type { HookChanges } from '../protocol/control-hooks.ts';
import type { ProgramResult, RereadReply, UpdateLine, UpdatePlan } from '../protocol/control-update.ts';
import { changeCosts } from '../shared/change-cost.ts';
import { fields, list, number, oneOf, optional, type Shape, tagged, text } from './fits.ts';
import { errorBody, rollLines } from './replies.ts';

/** The shapes of protocol/control-update.ts. */

const cost = oneOf(changeCosts);

const changedHooks = { added: list(text), removed: list(text), changed: list(text) };
const hookChanges = fields<HookChanges>(changedHooks);

export const rereadReply = fields<RereadReply>({
  available: list(text),
  changed: list(fields<RereadReply['changed'][number]>({ name: text, cost, keys: list(text) })),
  disappeared: list(text),
  hooks: optional(hookChanges),
});

export const programResults: Shape<readonly ProgramResult[]> = list(
  fields<ProgramResult>({ name: text, error: optional(errorBody) }),
);

const changeLine = fields<{ t: string; program: string; cost?: string }>({
  t: text,
  program: text,
  cost: optional(cost),
});

const hookLine = fields<HookChanges & { t: string }>({ t: text, ...changedHooks });

const planned = fields<UpdatePlan>({
  t: text,
  program: text,
  does: oneOf(['remove', 'change', 'add']),
  cost: optional(cost),
  keys: list(text),
  from: number,
  to: number,
  running: number,
  error: optional(errorBody),
});

export const updateLine: Shape<UpdateLine> = tagged({
  ...rollLines,
  planned,
  waits: fields<Extract<UpdateLine, { t: 'waits' }>>({ t: text, keys: list(text) }),
  hooks: hookLine,
  hooksPlanned: hookLine,
  stopped: changeLine,
  removed: changeLine,
  added: changeLine,
  updated: changeLine,
  done: fields<Extract<UpdateLine, { t: 'done' }>>({ t: text, error: optional(errorBody) }),
});
