import { literalText } from './expand.ts';
import { differs, mapped, none, type Outcome, wrong } from './outcome.ts';
import type { AppRule, AppView } from './pm2-app.ts';
import { isPython, servesPort } from './pm2-command.ts';
import { portOf } from './ports.ts';
import { isRecord, shown, textOf } from './pm2-values.ts';

/** env and PORT → environment and listen. */
export const environmentRules: Readonly<Record<string, AppRule>> = {
  env: {
    absent: {},
    read: (value, view) => (isRecord(value) ? environment(view) : wrong(`${shown(value)} is no map of variables`)),
  },
  port: {
    read: (value, view) => {
      if (portOf(value) === undefined) return wrong(`${shown(value)} is no port`);
      return shared(view) === undefined ? differs({}, 'it is PORT in the environment') : mapped();
    },
  },
  filter_env: {
    read: (value) =>
      value === false
        ? mapped()
        : none('workers get all of the daemon’s environment', 'start the daemon with a clean one (a unit has one)'),
  },
  append_env_to_name: { read: () => mapped() },
};

/** `env_production` and the like. */
export function chosenEnvironment(option: string, { chosen }: AppView): Outcome {
  const name = option.slice('env_'.length);
  if (chosen === name) return mapped();
  return none('it was not asked for', `\`portherd import --env ${name}\``);
}

/** env, then env_NAME on top (PM2 lets the latter win), as text. */
export function mergedEnvironment(env: unknown, chosen: unknown, port: unknown): Record<string, string> {
  const all = {
    ...(isRecord(env) ? env : {}),
    ...(port === undefined ? {} : { PORT: port }),
    ...(isRecord(chosen) ? chosen : {}),
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) =>
      value === undefined || value === null ? [] : [[name, textOf(value)]],
    ),
  );
}

function environment(view: AppView): Outcome {
  const { ports, name } = view;
  const all = Object.entries({ ...(isPython(view) ? { PYTHONUNBUFFERED: '1' } : {}), ...view.environment });
  const own = all.filter(
    ([key]) => /^(PORTHERD_.*|LISTEN_FDS|LISTEN_PID|LISTEN_FDNAMES)$/.test(key) || /[=\0]/.test(key) || key === '',
  );
  const kept = Object.fromEntries(
    all.filter((pair) => !own.includes(pair)).map(([key, one]) => [key, literalText(one)]),
  );
  const left = own.length === 0 ? [] : [`${own.map(([key]) => key).join(', ')} is left out: portherd sets it itself`];
  const port = portOf(kept['PORT']);
  if (port === undefined) return told({ environment: kept }, left);
  if (shared(view) === undefined) {
    return told({ environment: kept }, [
      ...left,
      'PORT stays the app’s own affair: portherd shares ports with Node apps, and with others that take LISTEN_FDS',
    ]);
  }
  const other = ports.take(port, name);
  if (other !== undefined) {
    return told({ environment: kept }, [
      ...left,
      `port ${port} is that of ${other}, too; give one of them another, under listen`,
    ]);
  }
  const { PORT: _, ...rest } = kept;
  const forked =
    view.workers !== 1 && !isCluster(view) && !view.apart
      ? ['each process opened the port by itself; here all share it']
      : [];
  return told({ environment: rest, listen: [{ port }] }, [...left, ...forked]);
}

/** The port that portherd can hold for it. */
export function shared(view: AppView): number | undefined {
  return servesPort(view) ? portOf(view.environment['PORT']) : undefined;
}

export function isCluster(view: AppView): boolean {
  const mode = view.get('exec_mode');
  if (typeof mode === 'string') return mode.startsWith('cluster');
  return view.get('instances') !== undefined && servesPort(view);
}

function told(set: Readonly<Record<string, unknown>>, texts: readonly string[]): Outcome {
  return texts.length === 0 ? mapped(set) : differs(set, texts.join('; '));
}
