import { failure } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Manifest } from './manifest.ts';
import { programNameOf } from './serve.ts';
import { type StartCommand, startCommand } from './start-command.ts';
import { yamlValue } from './yaml-value.ts';

export interface FirstConfigRequest {
  readonly manifest: Manifest;
  /** Relative to package.json. */
  readonly isFile: (path: string) => boolean;
  /** As it was asked for, 1..65535; else what the start script says, else a guess. */
  readonly port: number | undefined;
  /** Where editors find the schema, relative to the file; undefined when it is not there. */
  readonly schema: string | undefined;
}

export interface FirstConfig {
  readonly text: string;
  readonly program: string;
  readonly command: string;
  readonly port: number;
  readonly portGuessed: boolean;
  /** What the start script says, where that is another. */
  readonly otherPort: number | undefined;
}

/** What most tutorials listen on. */
const usualPort = 3_000;

/** The portherd.yaml of somebody who has none yet: short, every line explained. Errors: NO_FILE when nothing tells how to start. */
export function firstConfig({ manifest, isFile, port: asked, schema }: FirstConfigRequest): Result<FirstConfig> {
  const start = startCommand(manifest, isFile);
  if (start === undefined) {
    const advice = 'Add a start script to package.json ("start": "node app.js"), then run this again.';
    return err(
      failure(
        'NO_FILE',
        'package.json has no start script, and neither main nor server.js nor index.js is there',
        advice,
      ),
    );
  }
  const port = asked ?? start.port ?? usualPort;
  const portGuessed = asked === undefined && start.port === undefined;
  const program = programNameOf(manifest.name ?? 'app');
  const body = [
    ...commandLines(start, manifest.prestart),
    '',
    `# The port that the app listens on${portGuessed ? '. This is a guess: write the app’s own' : ''}. Each worker finds it in $PORT too.`,
    `listen: [{ port: ${port} }]`,
    '',
    'workers: auto # one per core; or 4, or 50%',
    '',
    ...readinessLines(start),
    '',
    'stop:',
    '  drainTimeout: 30s # how long a worker that is replaced may take to finish what is open',
  ];
  const lines = [
    ...(schema === undefined ? [] : [`# yaml-language-server: $schema=${schema}`]),
    '# Written by `portherd init`. Check it with `npx portherd check`, run it with `npx portherd run`.',
    '# Every key, with its default: config/OPTIONS.md of portherd.',
    'programs:',
    `  ${/^[a-z]/i.test(program) ? yamlValue(program) : JSON.stringify(program)}: # its workers are ${program}:0, ${program}:1, …`,
    ...body.map((line) => (line === '' ? '' : `    ${line}`)),
    '',
  ];
  return ok({
    text: lines.join('\n'),
    program,
    command: start.command,
    port,
    portGuessed,
    otherPort: start.port === port ? undefined : start.port,
  });
}

function commandLines({ command, from, environment, wrapped }: StartCommand, prestart: string | undefined): string[] {
  const names = Object.keys(environment);
  return [
    '# What starts one worker, in the directory of this file.',
    `# ${from}`,
    ...(wrapped ? whyNotWrapped : []),
    ...(prestart === undefined || wrapped ? [] : noPrestart),
    `command: ${yamlValue(command)}`,
    ...(names.length === 0
      ? ['# environment: { NODE_ENV: production }']
      : ['environment:', ...names.map((name) => `  ${name}: ${JSON.stringify(environment[name])}`)]),
  ];
}

const whyNotWrapped = [
  '# npm and a shell stay between portherd and each worker. If it comes down to `node some.js`, write that instead: it',
  '# starts faster and needs less memory.',
];

const noPrestart = ['# `npm start` would run the prestart script first. portherd does not: run it before a deploy.'];

function readinessLines({ wrapped }: StartCommand): string[] {
  const page =
    '# A worker is ready when it listens. With a page that tells whether it can serve: type: http, path: /healthz';
  return wrapped
    ? [page, 'readiness: { timeout: 90s } # wrappers boot slowly']
    : [page, '# readiness: { type: http, path: /healthz }'];
}
