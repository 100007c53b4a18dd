import { readdirSync } from 'node:fs';

/**
 * Paths that match a shell pattern, sorted, as Python's glob() finds them: `*`, `?` and `[a-z]` within a name, hidden names only by a
 * pattern that begins with a dot, no `**`. What cannot be read matches nothing. Node's own glob is experimental in 22.
 */
export function glob(pattern: string): readonly string[] {
  const [root, ...steps] = pattern.split('/');
  let paths = [root ?? ''];
  for (const step of steps) {
    if (step === '') continue;
    paths = paths.flatMap((path) => (/[*?[]/.test(step) ? matching(path, step) : there(path, step)));
  }
  return paths.toSorted();
}

function matching(directory: string, step: string): string[] {
  const hidden = step.startsWith('.');
  const wanted = nameMatcher(step);
  return namesIn(directory)
    .filter((name) => name.startsWith('.') === hidden && wanted.test(name))
    .map((name) => `${directory}/${name}`);
}

function there(directory: string, name: string): string[] {
  const path = `${directory}/${name}`;
  return name === '.' || name === '..' || namesIn(directory).includes(name) ? [path] : [];
}

/** A `[` without its `]` stands for itself. */
function nameMatcher(step: string): RegExp {
  const source = step.replaceAll(/\[(!?)(\]?[^\]]*)\]|[*?]|[^\w*?[]|\[/g, (found, not?: string, letters?: string) => {
    if (found === '*') return '.*';
    if (found === '?') return '.';
    if (letters === undefined) return `\\${found}`;
    return `[${not === '!' ? '^' : ''}${letters.replaceAll(/[\\\]^]/g, String.raw`\$&`)}]`;
  });
  return new RegExp(`^${source}$`, 's');
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory === '' ? '/' : directory);
  } catch {
    return [];
  }
}
