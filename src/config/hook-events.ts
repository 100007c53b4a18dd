/**
 * What a hook can be told of: the facts of core/events.ts and some lines of the daemon's own log, by the names they have there, and when
 * they are told. supervisor/hooks.ts does not compile while a fact is missing here; a test finds what is here and nowhere else.
 */
export const factMeanings = {
  spawned: 'a worker was started',
  ready: 'a worker proved that it can serve',
  exited: 'a worker’s process ended, asked or unasked',
  failed: 'a worker did not start, or ended unasked',
  backoff: 'it is started again after a pause',
  fatal: 'a slot is given up',
  stopped: 'a slot has stopped',
  draining: 'a worker takes nothing new and finishes what is open',
  overdue: 'a worker is late on its way out; the next step is taken',
  stalled: 'a worker serves nobody; new connections go elsewhere',
  recovered: 'it serves again',
  hung: 'a worker is given up as hung',
  replaced: 'a roll replaced a worker',
  replacementFailed: 'a replacement did not become ready; the old worker serves on',
  orderWrong: 'the kernel gives connections to other slots than it is told',
  orderRight: 'and no longer',
  scaled: 'a program has another number of slots',
  rollStarted: 'a roll began',
  rollFailed: 'a roll ended early; old workers serve on',
  rolledBack: 'and the replaced slots are back at the old generation',
  rollFinished: 'a roll replaced every worker',
} as const;

/** Of the daemon: no program's, but for bootFailed. */
export const daemonMeanings = {
  started: 'the daemon runs',
  reloading: 'it replaces itself',
  shuttingDown: 'it stops everything',
  configDiffers: 'a daemon that came back finds another config than the one that runs',
  bootFailed: 'a program could not be started at all',
  updateFailed: 'the config could not be applied after a start or a reload',
  signalFailed: 'what a signal asked for (SIGHUP: an update, SIGUSR1: a roll) failed',
} as const;

export type FactName = keyof typeof factMeanings;
export type DaemonEventName = keyof typeof daemonMeanings;
export type HookEvent = FactName | DaemonEventName;

/** What somebody should look at, each trouble once: not what mends itself, unless that is given up, and not what led to it. */
export const problemEvents: readonly HookEvent[] = [
  'fatal',
  'hung',
  'orderWrong',
  'rollFailed',
  'bootFailed',
  'updateFailed',
  'signalFailed',
];

export const hookEvents: readonly HookEvent[] = [...namesOf(factMeanings), ...namesOf(daemonMeanings)];
export const daemonEvents: readonly DaemonEventName[] = namesOf(daemonMeanings);

/** The words for several of them, and themselves. */
export type HookWord = 'all' | 'problems' | HookEvent;
export const hookWords: readonly HookWord[] = ['all', 'problems', ...hookEvents];

export function eventsMeant(words: readonly HookWord[]): readonly HookEvent[] {
  const meant = words.flatMap((word) => (word === 'all' ? hookEvents : word === 'problems' ? problemEvents : [word]));
  return [...new Set(meant)];
}

function namesOf<Name extends string>(meanings: Readonly<Record<Name, string>>): readonly Name[] {
  // The keys of a literal object, which Object.keys() does not know to be all.
  // oxlint-disable-next-line no-unsafe-type-assertion
  return Object.keys(meanings) as Name[];
}
