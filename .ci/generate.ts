/** `npm run gen`: writes what src/config makes of the schema to config/, and the units to systemd/. Outside src/, because config/ is pure there. */
import { writeFileSync } from 'node:fs';
import { references } from '../src/config/reference.ts';
import { shippedUnits } from '../src/config/shipped-units.ts';

for (const [folder, files] of [
  ['config', references()],
  ['systemd', shippedUnits()],
] as const) {
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(new URL(`../${folder}/${name}`, import.meta.url), text);
    console.log(`${folder}/${name}`);
  }
}
