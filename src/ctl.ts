#!/usr/bin/env node
import { keepCompiledCode } from './cli/compile-cache.ts';
import { nodeTooOld } from './shared/node-version.ts';

/** portherdctl: refuses an old Node before the rest is even parsed, then hands over to cli/run.ts. */
const refusal = nodeTooOld('portherdctl', process.versions.node);
if (refusal === undefined) {
  keepCompiledCode();
  const { run } = await import('./cli/run.ts');
  process.exitCode = await run(process.argv.slice(2));
} else {
  console.error(refusal);
  process.exitCode = 2;
}
