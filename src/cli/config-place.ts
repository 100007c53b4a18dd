import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseWith, treeOf } from '../config/option.ts';
import { problemOf, report } from '../config/problems.ts';
import { supervisorSchema } from '../config/supervisor-schema.ts';
import { parseYaml } from '../config/yaml-source.ts';
import { failure, messageOf } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { isRecord } from './fits.ts';
import { basic } from './place.ts';

/** What a portherd.yaml says of its daemon's socket and credentials. */
export interface ConfigPlace {
  /** Absolute; undefined where the config leaves it to the daemon. */
  readonly socket: string | undefined;
  /** For its TCP port. Undefined too when this user may not read the file with the password or the token. */
  readonly authorization: string | undefined;
}

/**
 * Only its section `supervisor` must be good: with a mistake in a program one still asks the daemon that runs.
 * Errors: CONFIG_NOT_FOUND, CONFIG_SYNTAX, CONFIG_INVALID.
 */
export async function configPlace(file: string): Promise<Result<ConfigPlace>> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    return err(failure('CONFIG_NOT_FOUND', `cannot read the config ${file}: ${messageOf(thrown)}`, ''));
  }
  const source = parseYaml(text, file);
  if (!source.ok) return err(report('CONFIG_SYNTAX', source.error.problems, source.error.locate));
  const { value, locate } = source.value;
  const read = parseWith(supervisorSchema, isRecord(value) ? value['supervisor'] : undefined);
  if (!read.ok) {
    const tree = treeOf(supervisorSchema);
    const problems = read.error.map((issue) => problemOf(issue, tree));
    return err(
      report(
        'CONFIG_INVALID',
        problems.map((problem) => ({ ...problem, path: ['supervisor', ...problem.path] })),
        locate,
      ),
    );
  }
  const directory = dirname(resolve(file));
  const { controlSocket, http } = read.value;
  const secret = (name: string | undefined): string | undefined =>
    name === undefined ? undefined : firstLine(resolve(directory, name));
  const [password, token] = [secret(http.passwordFile), secret(http.tokenFile)];
  const bearer = token === undefined ? undefined : `Bearer ${token}`;
  return ok({
    socket: controlSocket.path === undefined ? undefined : resolve(directory, controlSocket.path),
    authorization: http.username === undefined || password === undefined ? bearer : basic(http.username, password),
  });
}

/** Undefined when this user may not read it: the control socket needs none, and a TCP port will say what it wants. */
function firstLine(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').split('\n', 1)[0];
  } catch {
    return undefined;
  }
}
