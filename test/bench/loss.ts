import { parseArgs } from 'node:util';
import { describeLoss } from '../harness/loss-report.ts';
import {
  failedIn,
  fullCounts,
  kills,
  rolls,
  type ScenarioResult,
  scaling,
  startTarget,
  type TargetApp,
  updates,
} from '../harness/loss-scenarios.ts';
import { BenchOutput } from './bench-output.ts';

/**
 * `npm run bench:loss [-- --app plain --write]`: every scenario in full against every app. Exits 1 when something was
 * lost that should not have been.
 */
const { values } = parseArgs({
  options: { app: { type: 'string', multiple: true }, write: { type: 'boolean', default: false } },
});

const apps: readonly TargetApp[] = ['plain', 'express', 'fastify'];
const chosen = apps.filter((app) => values.app?.includes(app) ?? true);

const output = new BenchOutput('Loss under load');
output.machine();
const results: { readonly app: TargetApp; readonly result: ScenarioResult }[] = [];
for (const app of chosen) {
  await using daemon = await startTarget(app);
  const keep = (result: ScenarioResult): void => {
    results.push({ app, result });
    console.log(`${app} ${result.scenario} × ${result.times}\n${describeLoss(result.report)}\n`);
  };
  keep(await rolls(daemon, fullCounts.rolls));
  keep(await scaling(daemon, fullCounts.scaling));
  keep(await updates(daemon, app, fullCounts.updates));
  keep(await kills(daemon, fullCounts.kills));
}

const head = [
  'app',
  'scenario',
  'times',
  'connections',
  'failed',
  'allowed',
  'keep-alive requests',
  'failed',
  'p99 ms',
  'max ms',
  'verdict',
];
output.table(
  head,
  results.map(({ app, result }) => row(app, result)),
);
const planned = results.filter(({ result }) => result.scenario !== 'kills');
const connections = planned.reduce((sum, { result }) => sum + result.report.oneShot.tried, 0);
const lost = planned.reduce((sum, { result }) => sum + failedIn(result.report), 0);
output.say('');
output.say(`${connections} connections in rolls, scaling and updates; ${lost} failures.`);
output.say(
  'Allowed, in kills: the connections which the killed processes had accepted, both kinds of client together.',
);
if (values.write) await output.write('npm run bench:loss -- --write');
process.exitCode = results.every(({ result }) => holds(result)) ? 0 : 1;

function holds(result: ScenarioResult): boolean {
  return failedIn(result.report) <= result.allowed && result.excesses.length === 0;
}

function row(app: TargetApp, result: ScenarioResult): string[] {
  const { oneShot, keepAlive } = result.report;
  return [
    app,
    result.scenario,
    String(result.times),
    String(oneShot.tried),
    String(oneShot.failed),
    String(result.allowed),
    String(keepAlive.tried),
    String(keepAlive.failed),
    oneShot.latency.p99Ms.toFixed(1),
    Math.max(oneShot.latency.maxMs, keepAlive.latency.maxMs).toFixed(1),
    holds(result) ? 'holds' : 'FAILS',
  ];
}
