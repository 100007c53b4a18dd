import { expect, test } from 'vitest';
import { configInfo } from '../../../src/supervisor/rpc-config-info.ts';
import { workerRequest } from '../../harness/worker-request.ts';

test('the command is that of the slot, as supervisord tells it', () => {
  const { program } = workerRequest({ command: ['node', 'a b.js', '%(program_name)s-%(slot)02d', '5%%'] });
  const info = configInfo(program, 7, true, { stdout: '/log/o', stderr: '/log/e' });
  expect(info.get('command')).toBe("node 'a b.js' web-07 5%");
});

test('what of its output is told to event listeners', () => {
  const { program } = workerRequest({});
  const logs = { ...program.logs, events: ['stderr'], capture: 1_024 } as const;
  const info = configInfo({ ...program, logs }, 0, true, { stdout: '/log/o', stderr: '/log/e' });
  const keys = ['stdout_events_enabled', 'stderr_events_enabled', 'stdout_capture_maxbytes', 'stderr_capture_maxbytes'];
  expect(keys.map((key) => info.get(key))).toEqual([false, true, 1_024, 1_024]);
});

test('a listener’s group starts first by itself, its process has what supervisord gives any', () => {
  const { program } = workerRequest({ events: { ...workerRequest({}).program.events, subscribe: ['TICK_5'] } });
  const paths = { stdout: '/log/o', stderr: '/log/e' };
  const prios = (priority: number) => {
    const info = configInfo({ ...program, priority }, 0, true, paths);
    return [info.get('group_prio'), info.get('process_prio')];
  };
  expect(prios(-1)).toEqual([-1, 999]);
  expect(prios(5)).toEqual([5, 5]);
});
