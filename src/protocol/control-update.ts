import type { ChangeCost } from '../shared/change-cost.ts';
import type { HookChanges } from './control-hooks.ts';
import type { ErrorBody, RollLine } from './control.ts';

/**
 * portherdctl ↔ supervisor: what differs between the config file and what runs, and what is done about it.
 *
 * | request                  | body            | reply                                            |
 * |--------------------------|-----------------|--------------------------------------------------|
 * | POST /v1/reread          |                 | RereadReply                                      |
 * | POST /v1/update          | UpdateRequest   | UpdateLine… as NDJSON, the last one is `done`    |
 * | POST /v1/add, /v1/remove | ProgramsRequest | ProgramResult[]: nothing is started or stopped to that end, but that what is added starts by itself |
 */
export interface RereadReply {
  readonly available: readonly string[];
  readonly changed: readonly { readonly name: string; readonly cost: ChangeCost; readonly keys: readonly string[] }[];
  readonly disappeared: readonly string[];
  /** Absent when none differs. */
  readonly hooks?: HookChanges;
}

export interface UpdateRequest {
  /** None means all. */
  readonly programs: readonly string[];
  /** Only `planned`, `hooksPlanned` and `waits` lines, then `done`: nothing is changed. */
  readonly dryRun?: boolean;
}

export type UpdateLine =
  | RollLine
  | UpdatePlan
  /** Keys under `supervisor:` that differ; they take a reload or a restart of the daemon. */
  | { readonly t: 'waits'; readonly keys: readonly string[] }
  /** Hooks that change, or would; never when programs are named. */
  | (HookChanges & { readonly t: 'hooks' | 'hooksPlanned' })
  | { readonly t: 'stopped' | 'removed' | 'added' | 'updated'; readonly program: string; readonly cost?: ChangeCost }
  | { readonly t: 'done'; readonly error?: ErrorBody };

/** What an update would do to a program, in the order in which it would. */
export interface UpdatePlan {
  readonly t: 'planned';
  readonly program: string;
  readonly does: 'remove' | 'change' | 'add';
  /** Of a change. */
  readonly cost?: ChangeCost;
  /** That differ; none where it is added or removed. */
  readonly keys: readonly string[];
  /** Wanted number of workers now and afterwards; 0 where there is no such program. */
  readonly from: number;
  readonly to: number;
  /** Slots that have a worker now: a roll replaces them, a restart or a removal stops them. */
  readonly running: number;
  /** What it would fail of, as things are now. */
  readonly error?: ErrorBody;
}

/** Program names; `name:*` means `name`. */
export interface ProgramsRequest {
  readonly programs: readonly string[];
}

export interface ProgramResult {
  readonly name: string;
  readonly error?: ErrorBody;
}
