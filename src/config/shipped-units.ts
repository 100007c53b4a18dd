import { serviceUnit, sweepUnit, type UnitNeeds, type UnitPlace } from './service-unit.ts';
import { specifier } from './unit-words.ts';

/**
 * The units in systemd/, for whoever installs portherd as a package would: /usr/bin/portherd, /etc/portherd. `portherd unit` prints one
 * that fits a machine and a config. Written by `npm run gen`.
 */
export function shippedUnits(): Readonly<Record<string, string>> {
  const common = {
    command: ['/usr/bin/portherd'],
    manager: { is: 'system', user: 'portherd' },
    notifyReload: false,
  } as const;
  const one: UnitPlace = {
    ...common,
    configFile: '/etc/portherd/portherd.yaml',
    name: 'portherd',
    unit: 'portherd.service',
    sweeper: 'portherd-sweep.service',
    description: 'portherd, one process per core on one port',
  };
  const template: UnitPlace = {
    ...common,
    configFile: specifier('/etc/portherd/%i.yaml'),
    name: 'portherd/%i',
    unit: 'portherd@%i.service',
    sweeper: 'portherd-sweep@%i.service',
    description: 'portherd, one process per core on one port: %i',
  };
  return {
    'portherd.service': `${head}${serviceUnit(one, needs)}`,
    'portherd@.service': `${head}${serviceUnit(template, needs)}`,
    'portherd-sweep.service': `${head}${sweepUnit(one, needs)}`,
    'portherd-sweep@.service': `${head}${sweepUnit(template, needs)}`,
  };
}

const head =
  '# Generated (npm run gen). README.md beside this file says which failure each line prevents; change it in a drop-in.\n';

/** For any config: room for 512 slots with two ports, and twice the drain and kill time that is usual. */
const needs: UnitNeeds = {
  privilegedPorts: true,
  accounts: false,
  niceness: 'none',
  sockets: 1_024,
  stopSeconds: 90,
  inHomes: [],
  writes: [],
  runDir: undefined,
};
