/** The words of a text, for tables of names that would fill a page as a list of literals. */
export function wordSet(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/).filter((word) => word !== ''));
}
