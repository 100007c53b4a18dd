import { judge, type Verdict } from '../core/group-order.ts';
import type { Ports } from './ports.ts';

/** Looks until two looks in a row say the same: a listener may just have dropped something of somebody else's. A few times at most. */
export async function verifyOrder({ steering }: Pick<Ports, 'steering'>, program: string): Promise<Verdict> {
  let before: Verdict | undefined;
  for (let looks = 1; looks <= looksMax; looks += 1) {
    const verdict = judge(await steering.look(program));
    if (verdict.is === 'right' || (verdict.is === 'wrong' && before?.is === 'wrong')) return verdict;
    before = verdict;
  }
  return { is: 'unclear' };
}

const looksMax = 4;
