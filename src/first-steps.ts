import type { Program, Supervisor } from './supervisor/supervisor.ts';

/** Once every program is ready: what somebody who just started portherd by hand may want to try. */
export function showFirstSteps(supervisor: Supervisor, print: (text: string) => void): void {
  const unwatch = supervisor.watch((_program, fact) => {
    if (fact !== undefined) return;
    const programs = [...supervisor.programs.values()];
    if (!programs.every(({ fleet }) => fleet.slots.every(({ seat }) => seat.is === 'RUNNING'))) return;
    unwatch();
    print(programs.map((program) => `\n${introduce(program)}`).join(''));
  });
}

function introduce({ config, fleet }: Program): string {
  const { name } = config;
  const [first] = config.listen;
  const host = first === undefined ? '' : first.host === '::' || first.host === '0.0.0.0' ? 'localhost' : first.host;
  const url = first === undefined ? undefined : `http://${host.includes(':') ? `[${host}]` : host}:${first.port}/`;
  const tries = [
    ...(url === undefined ? [] : [[`curl ${url}`, 'a worker answers; repeat it']]),
    ['npx portherdctl status', 'what runs'],
    ['npx portherdctl connections', 'connections per worker'],
    [`npx portherdctl roll ${name}`, 'replace every worker, losing no connection'],
  ];
  const rows = tries.map(([line, meaning]) => `  ${line?.padEnd(32)} ${meaning}`);
  const where = url === undefined ? '' : ` on ${url}`;
  return [
    `${name} is ready${where} with ${fleet.slots.length} workers. In another terminal, try:`,
    ...rows,
    'Ctrl-C drains and stops.',
  ].join('\n');
}
