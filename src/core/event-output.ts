/**
 * What a worker writes, as supervisord's PROCESS_LOG and PROCESS_COMMUNICATION events: all of it but the tags, and what stands between them.
 * A tag may come in pieces. Of what is between them the last `max` characters are kept, as there.
 */
export interface OutputScan {
  /** Undefined outside of the tags. */
  readonly captured: string | undefined;
  /** The end of what came, where that may be the beginning of a tag. */
  readonly pending: string;
}

export type Output =
  | { readonly is: 'written'; readonly text: string }
  | { readonly is: 'captured'; readonly text: string };

export const newScan: OutputScan = { captured: undefined, pending: '' };

/** `max` 0: tags mean nothing. */
export function scanOutput(before: OutputScan, text: string, max: number): readonly [OutputScan, ...Output[]] {
  if (max === 0) return text === '' ? [newScan] : [newScan, { is: 'written', text }];
  const outputs: Output[] = [];
  let { captured } = before;
  let rest = before.pending + text;
  for (;;) {
    const tag = captured === undefined ? beginTag : endTag;
    const at = rest.indexOf(tag);
    const kept = at === -1 ? beginningOf(tag, rest) : 0;
    const plain = at === -1 ? rest.slice(0, rest.length - kept) : rest.slice(0, at);
    if (plain !== '') outputs.push({ is: 'written', text: plain });
    if (captured !== undefined) captured = (captured + plain).slice(-max);
    if (at === -1) return [{ captured, pending: rest.slice(rest.length - kept) }, ...outputs];
    if (captured !== undefined) outputs.push({ is: 'captured', text: captured });
    captured = captured === undefined ? '' : undefined;
    rest = rest.slice(at + tag.length);
  }
}

/** How many characters at the end of `text` may go on as `tag`. */
function beginningOf(tag: string, text: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length -= 1)
    if (text.endsWith(tag.slice(0, length))) return length;
  return 0;
}

const beginTag = '<!--XSUPERVISOR:BEGIN-->';
const endTag = '<!--XSUPERVISOR:END-->';
