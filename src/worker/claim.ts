import { channelEnv, type ListenPlan } from '../protocol/channel.ts';
import { parseListenPlan } from '../protocol/channel-parse.ts';

/** What the supervisor tells a worker through its environment. */
export interface Settings {
  readonly socket: string;
  readonly token: string;
  readonly claim: 'boot' | 'listen';
  readonly plan: ListenPlan;
}

/** Undefined in a process that nobody supervises, or that a supervisor of another version started. */
export function readSettings(env: NodeJS.ProcessEnv): Settings | undefined {
  const socket = env[channelEnv.socket];
  const token = env[channelEnv.token];
  const listen = env[channelEnv.listen];
  const claim = env[channelEnv.claim];
  if (socket === undefined || token === undefined || listen === undefined) return undefined;
  if (claim !== 'boot' && claim !== 'listen') return undefined;
  const plan = parseListenPlan(listen);
  return plan === undefined ? undefined : { socket, token, claim, plan };
}

/** Takes the role of the slot's worker: what this process starts from now on is not a worker. */
export function removeSettings(env: NodeJS.ProcessEnv): void {
  for (const name of Object.values(channelEnv)) delete env[name];
  const options = env['NODE_OPTIONS'];
  if (options === undefined) return;
  const rest = withoutPreload(options);
  if (rest === '') delete env['NODE_OPTIONS'];
  else env['NODE_OPTIONS'] = rest;
}

/**
 * Removes `--require …/worker/preload.cjs` from NODE_OPTIONS and leaves every other word as it is. Node splits at spaces; double
 * quotes keep a word together, and a backslash escapes within them (src/node_options.cc, ParseNodeOptionsEnvVar).
 */
export function withoutPreload(options: string): string {
  return options.replaceAll(preloadOption, '').trim();
}

const preloadOption =
  /(?<=^| )--require[ =](?:"(?:[^"\\]|\\.)*\/worker\/preload\.cjs"|[^\s"]*\/worker\/preload\.cjs)(?= |$) ?/g;
