import { describe, expect, test } from 'vitest';
import { type Conversation, hearListener, newConversation } from '../../../src/core/event-listener.ts';
import { seededRandom } from '../../harness/seeded-random.ts';

const acknowledged = newConversation<string>();
const busy: Conversation<string> = { is: 'BUSY', event: 'e', since: 0, pending: '' };

/** What is said, in one piece; what follows. */
function hear(before: Conversation<string>, bytes: string) {
  const [after, ...heard] = hearListener(before, bytes);
  return [after.is, ...heard.map(({ is }) => is)];
}

describe('a listener that keeps to the protocol', () => {
  test('is READY when it says so, also in pieces', () => {
    expect(hear(acknowledged, 'READY\n')).toEqual(['READY']);
    const [half] = hearListener(acknowledged, 'REA');
    expect(half.is).toBe('ACKNOWLEDGED');
    expect(hear(half, 'DY\n')).toEqual(['READY']);
  });

  test.each([
    ['RESULT 2\nOK', ['ACKNOWLEDGED', 'processed']],
    ['RESULT 2\nOKREADY\n', ['READY', 'processed']],
    ['RESULT 4\nFAIL', ['ACKNOWLEDGED', 'rejected']],
    ['RESULT 3\nOK\n', ['ACKNOWLEDGED', 'rejected']],
    ['RESULT 0\n', ['ACKNOWLEDGED', 'rejected']],
    ['RESULT 3\nOK', ['BUSY']],
    ['RESULT 2', ['BUSY']],
    [`RESULT 1000\n${'x'.repeat(1_000)}READY\n`, ['READY', 'rejected']],
  ])('says %j, and that means what it means in supervisord', (said, outcome) => {
    expect(hear(busy, said)).toEqual(outcome);
  });

  test('may cut its words anywhere', () => {
    const random = seededRandom(7);
    const words = 'RESULT 2\nOKREADY\n';
    for (let round = 0; round < 200; round += 1) {
      let conversation: Conversation<string> = busy;
      let done = 0;
      for (let at = 0; at < words.length; ) {
        const next = at + 1 + Math.floor(random() * 4);
        const [after, ...heard]: ReturnType<typeof hearListener<string>> = hearListener(
          conversation,
          words.slice(at, next),
        );
        conversation = after;
        done += heard.length;
        at = next;
      }
      expect([conversation.is, done]).toEqual(['READY', 1]);
    }
  });
});

describe('a listener that does not', () => {
  test.each([
    [acknowledged, 'Hello, world\n', 'it said "Hello, world\\n" where READY was due'],
    [acknowledged, 'READY\nREADY\n', 'it said "READY\\n" without having been sent an event'],
    [{ is: 'READY' } as const, 'x', 'it said "x" without having been sent an event'],
    [busy, 'RESULT x\n', 'it said "RESULT x" where RESULT was due'],
    [busy, 'RESULT -1\n', 'it said "RESULT -1" where RESULT was due'],
    [busy, 'READY\n', 'it said "READY" where RESULT was due'],
    [busy, `RESULT ${'9'.repeat(30)}\n`, `its result has ${'9'.repeat(30)} bytes`],
    [busy, 'x'.repeat(5_000), `it said "${'x'.repeat(40)}…" where RESULT was due`],
  ])('is heard no more, and its event is given back: %j', (before, said, why) => {
    const [after, heard] = hearListener<string>(before, said);
    expect(after).toEqual({ is: 'UNKNOWN', why });
    expect(heard).toEqual({ is: 'violated', why, event: before.is === 'BUSY' ? 'e' : undefined });
    expect(hear(after, 'READY\n')).toEqual(['UNKNOWN']);
  });

  test('keeps nothing of what it says', () => {
    let conversation: Conversation<string> = busy;
    for (let round = 0; round < 100; round += 1)
      [conversation] = hearListener(conversation, round === 0 ? 'RESULT 1000000\n' : 'x'.repeat(9_000));
    expect(JSON.stringify(conversation).length).toBeLessThan(200);
  });
});
