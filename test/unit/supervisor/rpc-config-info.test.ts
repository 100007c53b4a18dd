import { expect, test } from 'vitest';
import { configInfo } from '../../../src/supervisor/rpc-config-info.ts';
import { workerRequest } from '../../harness/worker-request.ts';

test('the command is that of the slot, as supervisord tells it', () => {
  const { program } = workerRequest({ command: ['node', 'a b.js', '%(program_name)s-%(slot)02d', '5%%'] });
  const info = configInfo(program, 7, true, { stdout: '/log/o', stderr: '/log/e' });
  expect(info.get('command')).toBe("node 'a b.js' web-07 5%");
});
