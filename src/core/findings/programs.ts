import type { ConfigFacts, ProgramFacts } from './facts.ts';

/** None without a good config. */
export function programsOf(config: ConfigFacts): readonly ProgramFacts[] {
  return config.is === 'good' ? config.programs : [];
}
