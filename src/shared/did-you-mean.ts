/** Longer words are not typing errors, and the table below grows with the square. */
const lengthMax = 64;

/** The known word that `written` most probably meant, at most a third of it mistyped; undefined when none is near. */
export function didYouMean(written: string, known: readonly string[]): string | undefined {
  if (written.length > lengthMax) return undefined;
  const limit = Math.max(1, Math.floor(written.length / 3));
  let best: { readonly word: string; readonly edits: number } | undefined;
  for (const word of known) {
    const edits = editDistance(written.toLowerCase(), word.toLowerCase());
    if (edits <= limit && (best === undefined || edits < best.edits)) best = { word, edits };
  }
  return best?.word;
}

/** Levenshtein: the fewest letters to insert, delete or replace; swapped neighbours count as one (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        at(rows, i - 1, j) + 1,
        (row[j - 1] ?? 0) + 1,
        at(rows, i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
        swapped ? at(rows, i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    rows.push(row);
  }
  return at(rows, a.length, b.length);
}

function at(rows: readonly (readonly number[])[], row: number, column: number): number {
  return rows[row]?.[column] ?? 0;
}
