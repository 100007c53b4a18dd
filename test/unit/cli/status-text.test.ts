import { expect, test } from 'vitest';
import { detailedStatus, statusNotes, statusRows } from '../../../src/cli/render/status-text.ts';
import { unpainted } from '../../../src/cli/screen.ts';
import { programStatus, slotStatus, statusReply } from '../../harness/status-fixture.ts';

const at = new Date(2026, 10, 5, 15, 4).getTime();

test('rows are supervisorctl’s to the letter in every state', () => {
  const rows = statusRows(
    [
      slotStatus('web', 0),
      slotStatus('web', 1, { uptimeMs: 90_061_000 }),
      slotStatus('web', 2, { state: 'STARTING' }),
      slotStatus('web', 3, { state: 'BACKOFF', failure: 'exited with code 1 before it was ready' }),
      slotStatus('web', 4, { state: 'FATAL' }),
      slotStatus('web', 5, { state: 'STOPPED' }),
      slotStatus('web', 6, { state: 'STOPPED', stoppedAt: at }),
      slotStatus('web', 7, { state: 'EXITED', stoppedAt: at, exitCode: 0 }),
      slotStatus('web', 8, { state: 'STOPPING' }),
    ],
    unpainted,
  );
  expect(rows).toEqual([
    'web:0                            RUNNING   pid 4000, uptime 0:01:02',
    'web:1                            RUNNING   pid 4001, uptime 1 day, 1:01:01',
    'web:2                            STARTING  ',
    'web:3                            BACKOFF   exited with code 1 before it was ready',
    'web:4                            FATAL     unknown error (`portherdctl status -v` names its log)',
    'web:5                            STOPPED   Not started',
    'web:6                            STOPPED   Nov 05 03:04 PM',
    'web:7                            EXITED    Nov 05 03:04 PM',
    'web:8                            STOPPING  ',
  ]);
});

test('a name longer than 30 characters widens the column for all', () => {
  const rows = statusRows([slotStatus('web', 0), slotStatus('a-program-with-a-very-long-name-indeed', 0)], unpainted);
  expect(rows[0]).toBe(`${'web:0'.padEnd(43)}RUNNING   pid 4000, uptime 0:01:02`);
  expect(rows[1]).toBe('a-program-with-a-very-long-name-indeed:0   RUNNING   pid 4000, uptime 0:01:02');
});

test('only the state is painted, its padding included', () => {
  const [row] = statusRows([slotStatus('web', 0)], (colour, text) => `<${colour}>${text}</>`);
  expect(row).toBe('web:0                            <green>RUNNING   </>pid 4000, uptime 0:01:02');
});

test('a worker’s words cannot steer the operator’s terminal', () => {
  const [row] = statusRows([slotStatus('web', 0, { state: 'FATAL', failure: 'a\u001B[2Jb\nc' })], unpainted);
  expect(row).toBe('web:0                            FATAL     a\uFFFD[2Jb\uFFFDc');
});

test('status -v tells what the rows cannot', () => {
  const slots = [
    slotStatus('web', 0, {
      rssBytes: 50_331_648,
      cpuPercent: 1.25,
      restarts: 3,
      leaving: [{ pid: 9, step: 'draining' }],
    }),
    slotStatus('web', 1, { state: 'FATAL', failure: 'exited too quickly', exitSignal: 'SIGKILL' }),
  ];
  const program = programStatus('web', slots, { generation: 2, listen: [{ host: '::1', port: 80 }] });
  expect(detailedStatus([[program, slots]], unpainted)).toEqual([
    'web: [::1]:80; 2 workers, generation 2, bind: slot',
    'web:0                            RUNNING   pid 4000, uptime 0:01:02',
    '    generation 1, weight 50.0%, restarts 3, rss 48.0 MB, cpu 1.3%',
    '    leaving: pid 9 (draining)',
    '    stdout /var/log/portherd/web-0.out',
    '    stderr /var/log/portherd/web-0.err',
    'web:1                            FATAL     exited too quickly',
    '    generation 1, weight 0.0%, restarts 0',
    '    last exit: killed by SIGKILL',
    '    last failure: exited too quickly',
    '    stdout /var/log/portherd/web-1.out',
    '    stderr /var/log/portherd/web-1.err',
  ]);
});

test('a roll and a shutdown are noted beside the rows', () => {
  const roll = { program: 'web', generation: 3, total: 4, done: 1, active: [1], rollingBack: false };
  const reply = statusReply([programStatus('web', [], { roll })], { shuttingDown: true });
  expect(statusNotes(reply)).toEqual(['web: rolling to generation 3, 1 of 4 done', 'the daemon is shutting down']);
  expect(statusNotes(statusReply([programStatus('web', [])]))).toEqual([]);
});
