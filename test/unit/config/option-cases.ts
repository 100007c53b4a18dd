import type { OptionCases } from './case-makers.ts';
import { hookCases } from './hook-cases.ts';
import { includeCases, processCases } from './process-cases.ts';
import { policyCases } from './policy-cases.ts';
import { programCases } from './program-cases.ts';
import { supervisorCases } from './supervisor-cases.ts';

/** Every option by its path, with its bounds; options.test.ts fails when one is missing. */
export const optionCases: Readonly<Record<string, OptionCases>> = {
  ...supervisorCases,
  ...programCases,
  ...policyCases,
  ...processCases,
  ...includeCases,
  ...hookCases,
};
