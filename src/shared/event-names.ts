/**
 * supervisord's event types (its events.py), by which its listeners subscribe. A name stands for itself and for every name that continues
 * it after an underscore: PROCESS_STATE for PROCESS_STATE_EXITED. EVENT is all of them.
 */
export const eventNames = [
  'EVENT',
  'PROCESS_STATE',
  'PROCESS_STATE_STOPPED',
  'PROCESS_STATE_STARTING',
  'PROCESS_STATE_RUNNING',
  'PROCESS_STATE_BACKOFF',
  'PROCESS_STATE_STOPPING',
  'PROCESS_STATE_EXITED',
  'PROCESS_STATE_FATAL',
  'PROCESS_STATE_UNKNOWN',
  'PROCESS_LOG',
  'PROCESS_LOG_STDOUT',
  'PROCESS_LOG_STDERR',
  'PROCESS_COMMUNICATION',
  'PROCESS_COMMUNICATION_STDOUT',
  'PROCESS_COMMUNICATION_STDERR',
  'PROCESS_GROUP',
  'PROCESS_GROUP_ADDED',
  'PROCESS_GROUP_REMOVED',
  'REMOTE_COMMUNICATION',
  'SUPERVISOR_STATE_CHANGE',
  'SUPERVISOR_STATE_CHANGE_RUNNING',
  'SUPERVISOR_STATE_CHANGE_STOPPING',
  'TICK',
  'TICK_5',
  'TICK_60',
  'TICK_3600',
] as const;

export type EventName = (typeof eventNames)[number];

/** Those that stand only for others; nothing happens under these names. */
type Abstract = 'EVENT' | 'PROCESS_STATE' | 'PROCESS_LOG' | 'PROCESS_COMMUNICATION' | 'PROCESS_GROUP' | 'TICK';

/** What can happen. */
export type HappeningName = Exclude<EventName, Abstract | 'SUPERVISOR_STATE_CHANGE'>;

export function isEventName(text: string): text is EventName {
  return eventNames.some((name) => name === text);
}

/** Whether who subscribed to these is told of that one. */
export function includes(subscribed: readonly EventName[], name: HappeningName): boolean {
  return subscribed.some((one) => one === 'EVENT' || one === name || name.startsWith(`${one}_`));
}
