/** `npm run gen`: writes what src/config/reference.ts makes of the schema to config/. Outside src/, because config/ is pure there. */
import { writeFileSync } from 'node:fs';
import { references } from '../src/config/reference.ts';

for (const [name, text] of Object.entries(references())) {
  writeFileSync(new URL(`../config/${name}`, import.meta.url), text);
  console.log(`config/${name}`);
}
