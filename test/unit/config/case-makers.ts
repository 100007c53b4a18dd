/** Written YAML → what it becomes, or what is said about it (without the place). */
export interface OptionCases {
  readonly good: readonly (readonly [written: string, value: unknown])[];
  readonly bad: readonly (readonly [written: string, text: string])[];
  /** Spellings that the editor's schema underlines although they load. */
  readonly loaderOnly?: readonly string[];
  /** Where the error points when it is not the whole value. */
  readonly marks?: Readonly<Record<string, string>>;
}

export const count = (path: string, min: number, max: number): OptionCases => {
  const write = `write a whole number from ${min} to ${max}`;
  return {
    good: [
      [String(min), min],
      [String(max), max],
    ],
    bad: [
      [String(min - 1), `${path}: ${min - 1} is not valid; ${write}`],
      [String(max + 1), `${path}: ${max + 1} is not valid; ${write}`],
      ['1.5', `${path}: 1.5 is not valid; ${write}`],
      ['many', `${path}: "many" is not valid; ${write}`],
      ['.nan', `${path}: NaN is not valid; ${write}`],
    ],
  };
};

export const time = (
  path: string,
  [min, minMs]: [string, number],
  [max, maxMs]: [string, number],
  over: string,
): OptionCases => {
  const bounds = `write a duration from ${min} to ${max}`;
  return {
    good: [
      [min, minMs],
      [max, maxMs],
    ],
    bad: [
      [over, `${path}: "${over}" is not valid; ${bounds}`],
      ...(minMs === 0 ? [] : [[`${minMs - 1}ms`, `${path}: "${minMs - 1}ms" is not valid; ${bounds}`] as const]),
      ['30', `${path}: 30 has no unit; write 30s for seconds or 30ms for milliseconds`],
      ['soon', `${path}: "soon" is not a duration; write it like 10s, 1m30s, 500ms or 2h`],
      ['[]', `${path}: an empty list is not valid; ${bounds}`],
    ],
  };
};

export const aPath = (path: string): OptionCases => ({
  good: [
    ['run', '/srv/app/config/run'],
    ['../run/./x', '/srv/app/run/x'],
    ['/run/x', '/run/x'],
  ],
  bad: [
    ['~/run', `${path}: "~/run" is not valid; write the whole path; ~ is not expanded`],
    ['""', `${path}: "" is not valid; write a path, absolute or relative to the config file`],
    ['{}', `${path}: a map is not valid; write a path, absolute or relative to the config file`],
    ['"a\\0b"', `${path}: "a\\u0000b" is not valid; write a path, absolute or relative to the config file`],
    ['7', `${path}: 7 is not valid; write it in quotes: '7'`],
  ],
});

export const logTarget = (path: string, expects = 'auto (a file per worker in logDir)'): OptionCases => ({
  good: [
    ['auto', 'auto'],
    ...(expects.includes('stdout') ? [['stdout', 'stdout'] as const] : []),
    ['"log/%(program_name)s-%(slot)02d.log"', '/srv/app/config/log/%(program_name)s-%(slot)02d.log'],
    ['"log/%(ENV_REGION)s.log"', '/srv/app/config/log/eu 100%%.log'],
    ['none', 'none'],
    ['inherit', 'inherit'],
    ['log/web.log', '/srv/app/config/log/web.log'],
    ['./auto', '/srv/app/config/auto'],
  ],
  bad: [
    ['"a%(slott)d"', `${path}: %(slott)d names nothing; write one of ${percentNames}, or %% for a %`],
    ['~/x', `${path}: "~/x" is not valid; write the whole path; ~ is not expanded`],
    ['false', `${path}: false is not valid; write ${expects}, none, inherit (the daemon’s own), or a path`],
  ],
});

/** Those that an option may have. */
export const percentNames = '%(ENV_NAME)s, %(program_name)s, %(process_num)d, %(slot)d, %(host_node_name)s';

export const web = (key: string): string => `programs.web.${key}`;
