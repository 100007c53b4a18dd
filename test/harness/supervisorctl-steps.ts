import { version } from '../../src/shared/version.ts';
import type { PairProgram } from './supervisord-pair.ts';

/** What the real supervisorctl is told, step by step, against a real supervisord and against portherd; and where they may differ. */
export interface Step {
  readonly args: string;
  /** Done to both before, or waited for. */
  readonly before?: 'breakCommands' | 'mendCommands' | 'changeConfig' | 'spoilConfig' | 'moreRuns';
  /** Their answers differ. Each is checked to the letter. */
  readonly differs?: Difference;
}

export interface Difference {
  readonly supervisord: Answer;
  readonly portherd: Answer;
  readonly reason: string;
}

/** Exit code, and what was printed, after normalising (supervisorctl.test.ts). */
export type Answer = readonly [exitCode: number, output: string];

const talks = `sh -c 'echo "said by it"; echo "complained" >&2; exec sleep 1000'`;

export const pairPrograms: readonly PairProgram[] = [
  { name: 'web', command: talks, workers: 2, autostart: true },
  { name: 'early', command: talks, workers: 1, autostart: true, priority: 5 },
  { name: 'man', command: talks, workers: 1, autostart: false },
  { name: 'quits', command: `sh -c 'exit 3'`, workers: 1, autostart: false, startSecs: 10 },
  { name: 'missing', command: '%(scripts)s/missing', workers: 1, autostart: false },
  { name: 'plain', command: '%(scripts)s/plain', workers: 1, autostart: false },
  { name: 'silent', command: 'sleep 1000', workers: 1, autostart: false, output: 'none' },
];

/** `man` changed, `silent` gone, `more` new. */
export const changedPrograms: readonly PairProgram[] = [
  ...pairPrograms
    .filter(({ name }) => name !== 'silent')
    .map((program) => (program.name === 'man' ? { ...program, command: 'sleep 1001' } : program)),
  { name: 'more', command: talks, workers: 1, autostart: true },
];

const unknownNames = {
  start: ['NAME: ERROR (no such process)'],
  stop: ['NAME: ERROR (no such process)'],
  restart: ['NAME: ERROR (no such process)', 'NAME: ERROR (no such process)'],
  signal: ['NAME: ERROR (no such process)'],
  clear: ['NAME: ERROR (no such process)'],
  tail: ['NAME: ERROR (no such process name)'],
  pid: ['No such process NAME'],
} as const;

const theirComplaint = `invalid literal for int() with base 10: 'many' in section 'program:web' (file: 'DIR/supervisord.conf')`;
const ourComplaint = `DIR/portherd.yaml:6:18: programs.web.workers: "many" is not valid; write auto, a whole number from 1 to 512, or a share of the cores from 1% to 1000%`;

function uncaught(fault: string): string {
  return `error: <class 'xmlrpc.client.Fault'>, <Fault 92: ${fault}>: file: PYTHON`;
}

export const steps: readonly Step[] = [
  ...plain(
    'status',
    'status web:0',
    'status web:*',
    'status web:',
    'status all',
    'status nope',
    'status nope:*',
    'status web:0 nope',
    'status nope web:1',
    'status man:0',
    'status web:7',
    'status web',
    'pid',
    'pid web:0',
    'pid man:0',
    'pid nope',
    'pid all',
    'avail',
    'avail web',
  ),
  ...plain('start', 'start nope', 'start nope:*', 'start web:7', 'start web:0', 'start web:*', 'start web:0 nope'),
  ...plain('start man:0', 'status man:0', 'start man:0', 'stop man:0', 'stop man:0', 'status man:0'),
  ...plain('stop', 'stop nope', 'stop nope:*', 'stop web:*', 'stop web:*', 'start web:', 'start man:0 early:0'),
  ...plain('restart', 'restart nope', 'restart man:0', 'restart web:*', 'stop man:0', 'restart man:0', 'stop man:0'),
  { args: 'start missing:0', before: 'breakCommands' },
  ...plain('start plain:0', 'start quits:0', 'status missing:0 plain:0'),
  {
    args: 'status quits:0',
    differs: {
      supervisord: [3, 'quits:0                          FATAL     Exited too quickly (process log may have details)'],
      portherd: [3, 'quits:0                          FATAL     exit status 3 before it was ready'],
      reason: 'portherd says how it ended.',
    },
  },
  { args: 'start silent:0', before: 'mendCommands' },
  ...plain('stop all', 'stop all', 'start web:* early:* man:* silent:*', 'restart all', 'start all'),
  ...plain(
    'signal',
    'signal CONT',
    'signal CONT web:0',
    'signal SIGCONT web:*',
    'signal 18 web:0 web:1',
    'signal cont all',
    'signal FOO web:0',
    'signal FOO web:*',
    'signal CONT quits:0',
    'signal CONT nope',
    'signal FOO nope',
    'signal CONT nope:*',
  ),
  {
    args: 'signal 0 web:0',
    differs: {
      supervisord: [0, 'web:0: signalled'],
      portherd: [1, 'web:0: ERROR (bad signal name)'],
      reason: '0 is no signal, and neither are those that only a fault raises (SEGV, BUS, …).',
    },
  },
  ...plain(
    'tail',
    'tail web:0',
    'tail -11 web:0',
    'tail -0 web:0',
    'tail web:0 stderr',
    'tail web:0 STDERR',
    'tail web:0 stdlog',
    'tail -x web:0',
    'tail web:0 stdout more',
    'tail a b c d',
    'tail nope',
    'tail web:*',
    'tail silent:0',
    'maintail -x',
    'maintail web',
    'maintail -1 -2',
    'clear',
    'clear web:0',
    'tail web:0',
    'clear nope',
    'clear web:*',
    'clear silent:0',
    'clear all',
  ),
  ...plain('fg', 'fg web:0 web:1', 'fg nope', 'fg quits:0', 'fg web:*'),
  ...plain('version now', 'reread now', 'reload now', 'shutdown now', 'help nope', 'frobnicate', 'open ftp://x'),
  {
    args: 'version',
    differs: { supervisord: [0, '4.2.5'], portherd: [0, version], reason: 'Each tells its own.' },
  },
  ...plain('reread', 'update', 'add web', 'add nope', 'remove nope', 'remove web'),
  { args: 'reread', before: 'changeConfig' },
  ...plain('reread', 'update nope', 'update more', 'reread', 'update', 'update', 'stop quits:0'),
  { args: 'status web:* early:* man:* more:*', before: 'moreRuns' },
  ...plain('avail', 'stop more:0', 'remove more', 'status more:*', 'remove more'),
  ...plain('add more', 'add more', 'status web:* man:*'),
  {
    args: 'reread',
    before: 'spoilConfig',
    differs: {
      supervisord: [1, `ERROR: CANT_REREAD: ${theirComplaint}`],
      portherd: [1, `ERROR: CANT_REREAD: ${ourComplaint}`],
      reason: 'Another file, another text.',
    },
  },
  {
    args: 'update',
    differs: {
      supervisord: [1, uncaught(`"CANT_REREAD: ${theirComplaint}"`)],
      portherd: [1, uncaught(`'CANT_REREAD: ${ourComplaint}'`)],
      reason: 'Another file, another text.',
    },
  },
  ...plain('status web:*', 'add web'),
  bare('start man', [0, 'man: started'], 'start'),
  bare('start man', [0, 'man: ERROR (already started)'], 'start'),
  bare('pid man', [0, 'PID'], 'pid'),
  bare('signal CONT man', [0, 'man: signalled'], 'signal'),
  bare('tail man', [0, ''], 'tail'),
  bare('clear man', [0, 'man: cleared'], 'clear'),
  bare('restart man', [0, 'man: started\nman: stopped'], 'restart'),
  bare('stop web', [0, 'web: stopped'], 'stop'),
  bare('stop web', [0, 'web: ERROR (not running)'], 'stop'),
  bare('start web', [0, 'web: started'], 'start'),
];

/** A program by its own name, though its processes have others. */
function bare(args: string, portherd: Answer, command: keyof typeof unknownNames): Step {
  const [, name = ''] = /(\w+)$/.exec(args) ?? [];
  const words = unknownNames[command].map((text) => text.replace('NAME', name));
  const reason = 'A program’s own name means all its slots, so that scripts for a program without numprocs go on.';
  return { args, differs: { supervisord: [1, words.join('\n')], portherd, reason } };
}

function plain(...commands: readonly string[]): readonly Step[] {
  return commands.map((args) => ({ args }));
}
