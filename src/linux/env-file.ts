import { readFileSync, statSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { isReservedVariable } from '../config/program-kinds.ts';
import { failure, messageOf } from '../shared/errors.ts';
import { envFileBytesMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';

/**
 * The variables of a dotenv file, by Node's own parser (`node --env-file` reads the same). Nothing when no file is named. Values are never
 * logged. Errors: NO_FILE when it cannot be read, is too big, or sets what portherd sets itself.
 */
export function readEnvFile(path: string | undefined): Result<Readonly<Record<string, string>>> {
  if (path === undefined) return ok({});
  try {
    const { size } = statSync(path);
    if (size > envFileBytesMax)
      return err(failure('NO_FILE', `the envFile ${path} has ${size} bytes; at most ${envFileBytesMax} are read`));
    const entries = Object.entries(parseEnv(readFileSync(path, 'utf8'))).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    const bad = entries.find(([name, value]) => isReservedVariable(name) || value.includes('\0'));
    if (bad !== undefined)
      return err(failure('NO_FILE', `the envFile ${path} sets ${bad[0]}, which no worker can have from a file`));
    return ok(Object.fromEntries(entries));
  } catch (thrown) {
    return err(failure('NO_FILE', `cannot read the envFile: ${messageOf(thrown)}`, 'Check `envFile`.'));
  }
}
