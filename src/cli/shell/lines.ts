import { createInterface } from 'node:readline';

/** Where the shell's lines come from. */
export interface Lines {
  /** Somebody types them. */
  readonly interactive: boolean;
  /** Undefined at the end. */
  next(prompt: string): Promise<string | undefined>;
  /** To a question; undefined when there is none. */
  answer(question: string): Promise<string | undefined>;
}

/** Lines of a file or a pipe. No prompt is printed: nobody reads it. */
export function pipedLines(input: NodeJS.ReadableStream): Lines {
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  const next = async (): Promise<string | undefined> => {
    const { value, done } = await lines.next();
    return done === true ? undefined : value;
  };
  return { interactive: false, next, answer: next };
}
