import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { wordSet } from '../shared/word-set.ts';

/**
 * What `node ARGUMENTS…` would run, found without running it, so that a missing script is one clear line and not a
 * crash loop. Reads the file system; starts nothing.
 */
export type NodeRun =
  | { readonly is: 'script'; readonly path: string }
  /** node starts another node that runs the app (--watch, --run, inspect): the preload must travel by NODE_OPTIONS. */
  | { readonly is: 'wrapper' }
  /** Code from the command line, a URL, stdin: nothing to look for. */
  | { readonly is: 'inline' };

/** `argv` is what follows `node`; the script is relative to `directory` (absolute). */
export function nodeRun(argv: readonly string[], directory: string): NodeRun {
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (word === '--') return script(argv[at + 1], directory);
    if (word === '-' || !word.startsWith('-')) return script(word, directory);
    const name = word.split('=', 1)[0] ?? word;
    if (wrapping.has(name)) return { is: 'wrapper' };
    if (inline.has(name)) return { is: 'inline' };
    if (valued.has(word)) at += 1; // `--import x`; written `--import=x` it is one word
  }
  return { is: 'inline' };
}

/**
 * The file node would load for `path` (absolute): as it is, with an extension, or the directory's main or index.
 * Node tries these and no others for the entry point (lib/internal/modules/cjs/loader.js, Module._findPath); not .mjs, .cjs.
 */
export function findScript(path: string): string | undefined {
  if (isA('file', path)) return path;
  const extended = extensions.map((extension) => path + extension).find((file) => isA('file', file));
  if (extended !== undefined || !isA('directory', path)) return extended;
  const main = mainOf(path);
  const named = main === undefined ? undefined : findMain(resolve(path, main));
  return named ?? findMain(join(path, 'index'));
}

/** False also where this user may not look. */
export function isA(kind: 'file' | 'directory', path: string): boolean {
  try {
    const stat = statSync(path);
    return kind === 'file' ? stat.isFile() : stat.isDirectory();
  } catch {
    return false;
  }
}

function script(word: string | undefined, directory: string): NodeRun {
  if (word === undefined || word === '-') return { is: 'inline' };
  if (word === 'inspect' || word === 'debug') return { is: 'wrapper' };
  return { is: 'script', path: resolve(directory, word) };
}

function findMain(path: string): string | undefined {
  const endings = ['', ...extensions, ...extensions.map((extension) => `/index${extension}`)];
  return endings.map((ending) => path + ending).find((file) => isA('file', file));
}

function mainOf(directory: string): string | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
    const main = typeof manifest === 'object' && manifest !== null && 'main' in manifest ? manifest.main : undefined;
    return typeof main === 'string' ? main : undefined;
  } catch {
    return undefined; // no package.json, or not JSON: node goes on with index.js
  }
}

const extensions = ['.js', '.json', '.node'] as const;

const wrapping = wordSet('--run --watch --watch-path --test');

const inline = wordSet(`
  -e --eval -p --print -pe -i --interactive -v --version -h --help --v8-options --entry-url
  --experimental-entry-url --build-snapshot --experimental-sea-config --prof-process
`);

/** Options of node that take the next word as their value: getCLIOptionsInfo() of Node 24.21. V8's own need `=`. */
const valued = wordSet(`
  -r --require --import --loader --experimental-loader -C --conditions --input-type --env-file
  --env-file-if-exists --title --icu-data-dir --openssl-config --snapshot-blob --inspect-port --debug-port
  --inspect-publish-uid --disable-warning --redirect-warnings --diagnostic-dir --report-dir --report-directory
  --report-filename --report-signal --heapsnapshot-signal --heapsnapshot-near-heap-limit --heap-prof-dir
  --heap-prof-name --heap-prof-interval --cpu-prof-dir --cpu-prof-name --cpu-prof-interval --localstorage-file
  --dns-result-order --unhandled-rejections --max-http-header-size --tls-cipher-list --tls-keylog
  --trace-event-categories --trace-event-file-pattern --trace-require-module --stack-trace-limit
  --network-family-autoselection-attempt-timeout --v8-pool-size --use-largepages --disable-proto --secure-heap
  --secure-heap-min --security-revert --allow-fs-read --allow-fs-write --max-old-space-size-percentage
  --experimental-config-file --experimental-package-map
`);
