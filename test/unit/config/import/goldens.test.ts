import { expect, test } from 'vitest';
import { expected, fixtureNames, importFixture, type Kind, load, summaryOf, yamlOf } from './fixture.ts';

/** Whole configs of other supervisors, and what they become. `vitest -u` writes the expected files anew: read them then. */
const all = (['supervisord', 'pm2'] as const).flatMap((kind) =>
  fixtureNames(kind).map((name): [Kind, string] => [kind, name]),
);

test('there are ten and more of each kind', () => {
  expect(fixtureNames('supervisord').length).toBeGreaterThanOrEqual(10);
  expect(fixtureNames('pm2').length).toBeGreaterThanOrEqual(10);
});

test.for(all)('%s/%s becomes what is expected, and portherd takes it', async ([kind, name]) => {
  const imported = await importFixture(kind, name);
  const yaml = yamlOf(imported);
  await expect(yaml).toMatchFileSnapshot(expected(kind, name, 'expected.yaml'));
  await expect(summaryOf(imported)).toMatchFileSnapshot(expected(kind, name, 'expected.txt'));
  expect(load(yaml).programs.map((program) => program.name)).toEqual(imported.programs.map((draft) => draft.name));
});
