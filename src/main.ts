#!/usr/bin/env node
import { keepCompiledCode } from './cli/compile-cache.ts';
import { nodeTooOld } from './shared/node-version.ts';

/** portherd: refuses an old Node before the rest is even parsed, then hands over to portherd.ts. */
const refusal = nodeTooOld('portherd', process.versions.node);
if (refusal === undefined) {
  keepCompiledCode();
  const { portherd } = await import('./portherd.ts');
  process.exitCode = await portherd(process.argv.slice(2));
} else {
  console.error(refusal);
  process.exitCode = 2;
}
