/** What `portherd doctor` says of one subject. */
export interface Finding {
  /** failure: portherd cannot run so. warning: it runs, and something that it promises does not hold. */
  readonly is: 'ok' | 'warning' | 'failure';
  /** A word or two, for the column at the left. */
  readonly subject: string;
  /** What there is; without a full stop. */
  readonly text: string;
  /** What to do about it; of warnings and failures. */
  readonly cure?: string;
}

export function okay(subject: string, text: string): Finding {
  return { is: 'ok', subject, text };
}

export function warning(subject: string, text: string, cure: string): Finding {
  return { is: 'warning', subject, text, cure };
}

export function failed(subject: string, text: string, cure: string): Finding {
  return { is: 'failure', subject, text, cure };
}
