/**
 * What becomes of one option of another supervisor: said once, then written into the YAML's comments and into the summary. Settings are
 * paths inside a program (`stop.killTimeout`) with what shall be written there.
 */
export type Outcome =
  | { readonly fate: 'mapped'; readonly set: Settings }
  | { readonly fate: 'approximated'; readonly set: Settings; readonly text: string }
  | { readonly fate: 'none'; readonly set: Settings; readonly text: string }
  | { readonly fate: 'wrong'; readonly text: string };

type Fated<Fate extends Outcome['fate']> = Extract<Outcome, { fate: Fate }>;

export type Settings = Readonly<Record<string, unknown>>;

/** It means the same here. Without settings: portherd does that anyway. */
export function mapped(set: Settings = {}): Fated<'mapped'> {
  return { fate: 'mapped', set };
}

/** `how` it differs. */
export function differs(set: Settings, how: string): Fated<'approximated'> {
  return { fate: 'approximated', set, text: how };
}

/** No counterpart: `why`, and what to do `instead`. */
export function none(why: string, instead?: string): Fated<'none'> {
  return { fate: 'none', set: {}, text: instead === undefined ? why : `${why}. Instead: ${instead}` };
}

/** The other supervisor would refuse it, too. `what` it is, and what would be right. */
export function wrong(what: string): Fated<'wrong'> {
  return { fate: 'wrong', text: what };
}

/** One option that was written, and its fate. */
export interface Note {
  /** The program's name here, or the section's there. */
  readonly subject: string;
  readonly option: string;
  /** As it was written, shortened; empty where it is long or secret. */
  readonly written: string;
  readonly fate: 'mapped' | 'approximated' | 'none';
  /** Empty when mapped. */
  readonly text: string;
  /** The first key (`stop`, `logs`) that it sets. */
  readonly key: string | undefined;
}

export interface Draft {
  readonly name: string;
  /** Where it comes from, for its comment. */
  readonly from: string;
  /** Later ones win. */
  readonly settings: Settings;
  readonly notes: readonly Note[];
}

/** All that is made of one config. */
export interface Imported {
  readonly kind: 'supervisord' | 'PM2';
  /** As messages show it. */
  readonly file: string;
  /** `supervisor:`, and what is said about the other supervisor's own options. */
  readonly daemon: Draft;
  readonly programs: readonly Draft[];
}

export function noteOf(
  subject: string,
  option: string,
  written: unknown,
  outcome: Exclude<Outcome, { fate: 'wrong' }>,
): Note {
  const [path] = Object.keys(outcome.set);
  return {
    subject,
    option,
    written: secret.test(option) ? '' : shortened(written),
    fate: outcome.fate,
    text: outcome.fate === 'mapped' ? '' : outcome.text,
    key: path?.split('.')[0],
  };
}

/** Their values may be passwords. */
const secret = /pass|env|username/i;

/** Longer values are recognised by their option. */
const writtenCharsMax = 40;

function shortened(written: unknown): string {
  if (typeof written === 'object' && written !== null && !Array.isArray(written)) return '';
  const text = (Array.isArray(written) ? written.join(' ') : String(written)).replaceAll(/\s+/g, ' ');
  return text.length > writtenCharsMax ? `${text.slice(0, writtenCharsMax - 1)}…` : text;
}
