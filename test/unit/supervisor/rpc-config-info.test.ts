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
