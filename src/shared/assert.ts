/** Only we can fix what these report; they are never caught. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`portherd bug: ${message}`);
}

/** The end of an exhaustive switch: it does not type-check while a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`portherd bug: no case for ${JSON.stringify(value)}`);
}
