import { expect, test } from 'vitest';
import { judge, opinion, type Sighting } from '../../../src/core/group-order.ts';

function seen(...got: readonly (readonly number[])[]): readonly Sighting[] {
  return got.map((slots, slot) => ({ port: 80, slot, got: slots }));
}

test.each([
  { what: 'every slot got its own', sightings: seen([0], [1], [2]), verdict: { is: 'right' } },
  {
    what: 'the last one moved into a hole',
    sightings: seen([0], [2], []),
    verdict: { is: 'wrong', why: 'on port 80 slot 2 got what was for slot 1' },
  },
  { what: 'something was not seen', sightings: seen([0], []), verdict: { is: 'unclear' } },
  { what: 'something else came at the same time', sightings: seen([0, 1], [1]), verdict: { is: 'unclear' } },
  { what: 'nothing could be looked at', sightings: [], verdict: { is: 'unclear' } },
])('$what', ({ sightings, verdict }) => {
  expect(judge(sightings)).toEqual(verdict);
});

test('distrust is told when it begins and when it ends, and what is unclear changes nothing', () => {
  const wrong = { is: 'wrong', why: 'because' } as const;
  expect(opinion(undefined, wrong)).toEqual(['because', { event: 'orderWrong', why: 'because' }]);
  expect(opinion('before', wrong)).toEqual(['because']);
  expect(opinion('before', { is: 'unclear' })).toEqual(['before']);
  expect(opinion('before', { is: 'right' })).toEqual([undefined, { event: 'orderRight' }]);
  expect(opinion(undefined, { is: 'right' })).toEqual([undefined]);
});
