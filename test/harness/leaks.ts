import { statOf } from '../../src/linux/procfs.ts';
import { signalProcess } from '../../src/linux/signal-process.ts';
import { markedProcesses } from './marked-processes.ts';
import { until } from './until.ts';

/** Everything a test starts inherits this variable; what still has it at the end has been forgotten. */
const mark = 'PORTHERD_TEST_RUN';

/**
 * Marks everything started from now on. `end` throws, which fails the run, when something outlives its grace (ms), and
 * kills it, so that the next run starts clean. Children of this very process are not tests' but vitest's.
 */
export function watchForLeaks(grace = 20_000): { end(): Promise<void> } {
  const before = process.env[mark];
  const run = `${process.pid}-${performance.now()}`;
  process.env[mark] = run;
  const living = () =>
    markedProcesses(mark, run).flatMap(({ pid, command }) => {
      const stat = statOf(pid);
      return stat === undefined || stat.ppid === process.pid ? [] : [{ ...stat, command }];
    });
  const leaks = (): readonly string[] => living().map(({ pid, command }) => `${pid} ${command}`);

  async function end(): Promise<void> {
    if (before === undefined) delete process.env[mark];
    else process.env[mark] = before;
    try {
      const what = 'the processes of the tests to end';
      await until(() => living().length === 0, { what, deadline: grace, explain: leaks });
    } finally {
      for (const leak of living()) signalProcess(leak, 'SIGKILL', 'process');
    }
  }
  return { end };
}
