import { oneOf, path, wholeNumber } from './kinds.ts';
import { defaultedSection, option, optional } from './option.ts';
import { account, resourceLimit, umask } from './process-kinds.ts';

/** Options of a program about the process itself: whose it is, and what the kernel allows it. */

const rlimits = defaultedSection(
  'Resource limits of each worker (setrlimit(2)); what is not written is the daemon’s own.',
  {
    nofile: optional(resourceLimit('number'), {
      doc: 'Open files, sockets among them. Node raises its soft limit to the hard one.',
      change: 'roll',
      example: 65_536,
    }),
    nproc: optional(resourceLimit('number'), {
      doc: 'Processes and threads of the worker’s user, in all.',
      change: 'roll',
      example: 4096,
    }),
    core: optional(resourceLimit('bytes'), { doc: 'Size of a core file; 0 for none.', change: 'roll', example: 0 }),
    as: optional(resourceLimit('bytes'), {
      doc: 'Address space. Node reserves far more than it uses: for memory, MemoryMax= of the unit is the better limit.',
      change: 'roll',
      example: 'unlimited',
    }),
    data: optional(resourceLimit('bytes'), { doc: 'Data segment, heap included.', change: 'roll', example: '4GB' }),
    stack: optional(resourceLimit('bytes'), { doc: 'Stack of the main thread.', change: 'roll', example: '8MB' }),
    memlock: optional(resourceLimit('bytes'), { doc: 'Memory locked into RAM.', change: 'roll', example: '64KB' }),
    fsize: optional(resourceLimit('bytes'), {
      doc: 'Size of a file that it writes, its logs included.',
      change: 'roll',
      example: 'unlimited',
    }),
    cpu: optional(resourceLimit('seconds'), { doc: 'CPU time.', change: 'roll', example: 'unlimited' }),
  },
);

export const processOptions = {
  envFile: optional(path(), {
    doc: 'A file of NAME=value lines, read whenever a worker is started; environment wins over it.',
    change: 'roll',
    example: '.env',
  }),
  user: optional(account('a user’s name or number'), {
    doc: 'Whose processes the workers are, with his groups; HOME stays. The daemon must be root.',
    change: 'roll',
    example: 'www-data',
  }),
  group: optional(account('a group’s name or number'), {
    doc: 'Their group; the user’s own unless given. The daemon must be root.',
    change: 'roll',
    example: 'www-data',
  }),
  umask: optional(umask(), {
    doc: 'Permissions that files made by the workers lack; the daemon’s own unless given.',
    change: 'roll',
    example: '022',
  }),
  nice: optional(wholeNumber(-20, 19), {
    doc: 'Niceness of the workers; the daemon’s own unless given. Less than that needs CAP_SYS_NICE.',
    change: 'roll',
    example: 5,
  }),
  rlimits,
  stdin: option(oneOf('pipe', 'none'), {
    doc: 'pipe: what `portherdctl fg` and sendProcessStdin send; it never ends. none: /dev/null, for what reads its input to the end.',
    change: 'roll',
    default: 'pipe',
  }),
};

/** Their names, for whoever keeps what a generation was started with. */
export type ProcessOption = keyof typeof processOptions;
