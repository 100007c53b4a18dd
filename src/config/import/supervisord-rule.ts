import { type Outcome, wrong } from './outcome.ts';
import { booleanOf, integerOf } from './supervisord-values.ts';

/** What a rule for an option of a program may look at besides that option. Texts are expanded. */
export interface ProgramView {
  readonly name: string;
  readonly kind: 'program' | 'fcgi-program' | 'eventlistener';
  /** Of this one; 1 where each process became a program. */
  readonly workers: number;
  readonly text: (option: string) => string | undefined;
  /** Of [supervisord]. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of [supervisord]. */
  readonly directory: string | undefined;
  /** Of [supervisord]. */
  readonly umask: string | undefined;
  readonly home: string | undefined;
}

export interface ProgramRule {
  /** supervisord's default, where portherd's is another. It is applied without a note. */
  readonly absent?: string;
  readonly read: (text: string, view: ProgramView) => Outcome;
}

export function withInteger(text: string, then: (number: number) => Outcome): Outcome {
  const number = integerOf(text);
  return number.ok ? then(number.value) : wrong(number.error);
}

export function withBoolean(text: string, then: (yes: boolean) => Outcome): Outcome {
  const yes = booleanOf(text);
  return yes.ok ? then(yes.value) : wrong(yes.error);
}
