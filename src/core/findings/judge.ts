import type { Finding } from '../../shared/finding.ts';
import { capacityFindings } from './capacity.ts';
import type { Facts } from './facts.ts';
import { kernelFindings } from './kernel.ts';
import { placeFindings } from './places.ts';
import { portFindings } from './ports.ts';
import { serviceFindings } from './service.ts';

/** Everything that `portherd doctor` says, in the order in which it says it. */
export function judge(facts: Facts): readonly Finding[] {
  return [
    ...kernelFindings(facts),
    ...capacityFindings(facts),
    ...serviceFindings(facts),
    ...placeFindings(facts),
    ...portFindings(facts),
  ];
}
