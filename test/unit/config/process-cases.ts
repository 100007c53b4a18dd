import { aPath, count, type OptionCases, web } from './case-makers.ts';

const size = 'write a size such as 512MB, unlimited, or two of them as soft:hard';
const whole = 'write a whole number, unlimited, or two of them as soft:hard';

const bytes = (key: string): OptionCases => ({
  good: [
    ['0', { soft: 0, hard: 0 }],
    ['unlimited', { soft: 'unlimited', hard: 'unlimited' }],
    ['512MB', { soft: 512 * 1024 ** 2, hard: 512 * 1024 ** 2 }],
    ['1KB:unlimited', { soft: 1024, hard: 'unlimited' }],
  ],
  bad: [
    ['-1', `${web(key)}: -1 is not valid; ${size}`],
    ['much', `${web(key)}: "much" is not valid; ${size}`],
    ['1:2:3', `${web(key)}: "1:2:3" is not valid; ${size}`],
    ['2MB:1MB', `${web(key)}: the soft limit of 2MB:1MB is above the hard one; write the lower one first`],
  ],
});

const number = (key: string): OptionCases => ({
  good: [
    ['0', { soft: 0, hard: 0 }],
    ['65536', { soft: 65_536, hard: 65_536 }],
    ['1024:4096', { soft: 1024, hard: 4096 }],
    ['unlimited', { soft: 'unlimited', hard: 'unlimited' }],
  ],
  bad: [
    ['1.5', `${web(key)}: 1.5 is not valid; ${whole}`],
    ['1KB', `${web(key)}: "1KB" is not valid; ${whole}`],
    ['unlimited:5', `${web(key)}: the soft limit of unlimited:5 is above the hard one; write the lower one first`],
    ['true', `${web(key)}: true is not valid; ${whole}`],
  ],
});

const account = (key: string, thing: string): OptionCases => ({
  good: [
    ['www-data', 'www-data'],
    ['1000', '1000'],
    ["'0'", '0'],
  ],
  bad: [
    ['a:b', `${web(key)}: "a:b" is not valid; write a ${thing}’s name or number`],
    ['-1', `${web(key)}: -1 is not valid; write a ${thing}’s name or number`],
    ['--reuid', `${web(key)}: "--reuid" is not valid; write a ${thing}’s name or number`],
    ['4294967295', `${web(key)}: 4294967295 is not valid; write a ${thing}’s name or number`],
  ],
});

/** Whose a worker is, and what the kernel allows it. */
export const processCases: Readonly<Record<string, OptionCases>> = {
  envFile: aPath(web('envFile')),
  user: account('user', 'user'),
  group: account('group', 'group'),
  umask: {
    good: [
      ["'022'", 0o022],
      ["'0077'", 0o077],
      ["'000'", 0],
    ],
    bad: ['22', "'8'", '"u=rwx"', "'1022'"].map((value) => [
      value,
      `${web('umask')}: ${value.replaceAll("'", '"')} is not valid; write an octal mask in quotes, such as '022'`,
    ]),
  },
  nice: count(web('nice'), -20, 19),
  'rlimits.nofile': number('rlimits.nofile'),
  'rlimits.nproc': number('rlimits.nproc'),
  'rlimits.core': bytes('rlimits.core'),
  'rlimits.as': bytes('rlimits.as'),
  'rlimits.data': bytes('rlimits.data'),
  'rlimits.stack': bytes('rlimits.stack'),
  'rlimits.memlock': bytes('rlimits.memlock'),
  'rlimits.fsize': bytes('rlimits.fsize'),
  'rlimits.cpu': {
    good: [['60:90', { soft: 60, hard: 90 }]],
    bad: [
      ['1m', `${web('rlimits.cpu')}: "1m" is not valid; write whole seconds, unlimited, or two of them as soft:hard`],
    ],
  },
  stdin: {
    good: [
      ['pipe', 'pipe'],
      ['none', 'none'],
    ],
    bad: [['inherit', `${web('stdin')}: "inherit" is not valid; write pipe or none`]],
  },
};

/** Beside the programs; its value is how many there are in the end. */
export const includeCases: Readonly<Record<string, OptionCases>> = {
  include: {
    good: [
      ['[]', 1],
      ["['programs/*.yaml']", 1],
    ],
    bad: [
      [
        'x.yaml',
        'include: "x.yaml" is not valid; write a list of 0 to 100 items, each a path or a pattern such as programs/*.yaml',
      ],
      ['[gone.yaml]', 'include[0]: there is no file gone.yaml'],
    ],
    marks: { '[gone.yaml]': 'gone.yaml]' },
  },
};
