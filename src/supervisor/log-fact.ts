import type { Fact } from '../core/events.ts';
import type { Log } from './ports.ts';

/** A line of the daemon's log for each fact; the fields and the event's name are core's. */
export function logFact(log: Log, program: string, fact: Fact): void {
  const fields = { program, ...fact };
  const [level, message] = lines[fact.event];
  if (level === 'error') log.error({ ...fields, error: 'why' in fact ? fact.why : '' }, message);
  else log[level](fields, message);
}

const lines: Readonly<Record<Fact['event'], readonly ['debug' | 'info' | 'warn' | 'error', string]>> = {
  spawned: ['info', 'worker started'],
  ready: ['info', 'worker is ready'],
  exited: ['info', 'worker exited'],
  failed: ['warn', 'worker failed'],
  backoff: ['warn', 'worker is started again after a pause'],
  fatal: ['error', 'slot is given up; start or roll it when the cause is mended'],
  stopped: ['info', 'slot stopped'],
  draining: ['debug', 'worker drains'],
  stalled: ['warn', 'worker serves nobody; new connections go elsewhere'],
  recovered: ['info', 'worker serves again'],
  hung: ['error', 'worker is hung; it is terminated and replaced'],
  overdue: ['warn', 'worker is late on its way out'],
  replaced: ['info', 'worker replaced'],
  replacementFailed: ['warn', 'replacement failed; the old worker serves on'],
  orderWrong: [
    'warn',
    'the kernel gives connections to other slots than it is told; cbpf is not used while that is so',
  ],
  orderRight: ['info', 'the kernel gives connections to the slots that it is told'],
  scaled: ['info', 'scaled'],
  rollStarted: ['info', 'roll started'],
  rollFailed: ['error', 'roll failed; the old workers serve on'],
  rolledBack: ['warn', 'replaced slots are back at the old generation'],
  rollFinished: ['info', 'roll finished'],
};
