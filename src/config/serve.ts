import { escapePercent } from '../shared/percent-text.ts';
import { resolvePath } from '../shared/resolve-path.ts';
import type { Result } from '../shared/result.ts';
import { validateConfig } from './load.ts';
import { pathText, type Place, type Problem } from './problems.ts';
import type { ConfigContext } from './resolve.ts';
import type { Config } from './schema.ts';

/** The command line of `portherd serve SCRIPT --port PORT`; numbers may still be the argument's text. */
export interface ServeRequest {
  readonly script: string;
  readonly port: number | string;
  readonly workers?: number | string | undefined;
  readonly host?: string | undefined;
  /** The script's name without its extension unless given. */
  readonly name?: string | undefined;
  readonly context: ConfigContext;
}

/** A Config without a file, through the same schema, so with the same defaults, bounds and texts; errors name the flag. */
export function serveConfig(request: ServeRequest): Result<Config> {
  const { script, port, workers, host, context } = request;
  const name = request.name ?? programNameOf(script);
  const program = {
    ...(script === '' ? {} : { command: ['node', escapePercent(resolvePath(context.directory, script))] }),
    listen: [{ port: numeric(port), ...(host === undefined ? {} : { host }) }],
    ...(workers === undefined ? {} : { workers: numeric(workers) }),
  };
  return validateConfig({ programs: { [name]: program } }, { ...context, file: undefined }, flagOf);
}

function flagOf({ path }: Problem): Place {
  const [, , ...inner] = path;
  const label = flags[pathText(inner)] ?? pathText(path);
  return { label, order: Object.values(flags).indexOf(label) };
}

const flags: Readonly<Record<string, string>> = {
  '': '--name',
  command: 'SCRIPT',
  'listen[0].port': '--port',
  'listen[0].host': '--host',
  workers: '--workers',
};

function numeric(written: number | string): number | string {
  return typeof written === 'string' && /^-?\d+$/.test(written) ? Number(written) : written;
}

/** `./srv/my app.mjs` → `my-app`, `@us/shop` → `shop` */
export function programNameOf(text: string): string {
  const base = text.split('/').findLast((part) => part !== '') ?? '';
  const name = base
    .replace(/\.[cm]?[jt]s$/, '')
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[^a-z\d]+/i, '')
    .slice(0, 64);
  return name === '' || name === 'all' ? 'app' : name;
}
