/**
 * Pours `amount` into vessels that already hold something, and answers how high the water stands then: those above it get
 * nothing. Vessel i is `widths[i]` wide, so it takes that much more for the same height.
 */
export function waterLevel(held: readonly number[], widths: readonly number[], amount: number): number {
  const vessels = held
    .map((content, at) => ({ width: widths[at] ?? 1, content, height: content / (widths[at] ?? 1) }))
    .toSorted((one, other) => one.height - other.height);
  let width = 0;
  let content = amount;
  for (const [at, vessel] of vessels.entries()) {
    width += vessel.width;
    content += vessel.content;
    const next = vessels[at + 1];
    if (next === undefined || content / width <= next.height) break;
  }
  return width === 0 ? 0 : content / width;
}
