import { curlBodyBytesMax, curlMsMax, logReadBytesMax, rebalanceMs, slotsMax } from '../shared/limits.ts';
import type { HookTestRequest } from './control-hooks.ts';
import type { RebalanceRequest } from './control-rebalance.ts';
import type { NamesRequest, RollRequest, ScaleRequest, SignalRequest } from './control.ts';
import type { CurlRequest } from './control-curl.ts';
import type { StdinRequest } from './control-stdin.ts';
import type { ProgramsRequest, UpdateRequest } from './control-update.ts';
import type { LogFollowRequest, LogReadRequest, LogWhereRequest } from './control-logs.ts';

/** The form of each request's body, as JSON Schema: a body that passes it is what `of` says it is. */
interface RequestForm<T> {
  readonly schema: object;
  of(body: unknown): T;
}

const name = { type: 'string', minLength: 1, maxLength: 200 };
const token = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";
const header = {
  type: 'array',
  items: [
    { type: 'string', pattern: token, maxLength: 256 },
    // Horizontal tab, printable ASCII and what is left of latin1, as Node lets through.
    { type: 'string', pattern: '^[\\t\\x20-\\x7e\\x80-\\xff]*$', maxLength: 8_192 },
  ],
  minItems: 2,
  maxItems: 2,
};
const nameList = { type: 'array', items: name, maxItems: 2 * slotsMax };

const stream = { enum: ['stdout', 'stderr'] };

export const controlRequests = {
  nothing: form<object>({}, []),
  names: form<NamesRequest>({ names: nameList }, ['names']),
  signal: form<SignalRequest>({ names: nameList, signal: { type: 'string', minLength: 1, maxLength: 16 } }, [
    'names',
    'signal',
  ]),
  stdin: form<StdinRequest>({ name, text: { type: 'string' } }, ['name', 'text']),
  roll: form<RollRequest>({ programs: nameList, wait: { type: 'boolean' } }, ['programs', 'wait']),
  scale: form<ScaleRequest>(
    { program: name, workers: { type: 'integer' }, by: { type: 'integer' } },
    ['program'],
    [{ required: ['workers'] }, { required: ['by'] }],
  ),
  curl: form<CurlRequest>(
    {
      program: name,
      slot: { type: 'integer', minimum: 0, maximum: slotsMax },
      method: { type: 'string', pattern: token, maxLength: 32 },
      path: { type: 'string', pattern: '^/[!-~]*$', maxLength: 8_192 },
      headers: { type: 'array', items: header, maxItems: 100 },
      body: { type: 'string', maxLength: curlBodyBytesMax },
      port: { type: 'integer', minimum: 1, maximum: 65_535 },
      tls: { type: 'boolean' },
      verify: { type: 'string', minLength: 1, maxLength: 253 },
      timeoutMs: { type: 'integer', minimum: 1, maximum: curlMsMax },
    },
    ['program', 'slot', 'method', 'path', 'headers', 'tls', 'timeoutMs'],
  ),
  rebalance: form<RebalanceRequest>(
    {
      programs: nameList,
      wait: { type: 'boolean' },
      timeoutMs: { type: 'integer', minimum: rebalanceMs.min, maximum: rebalanceMs.max },
    },
    ['programs', 'wait', 'timeoutMs'],
  ),
  logWhere: form<LogWhereRequest>({ name, stream }, ['stream']),
  logRead: form<LogReadRequest>({ name, stream, offset: { type: 'integer' }, length: { type: 'integer' } }, [
    'stream',
    'offset',
    'length',
  ]),
  logFollow: form<LogFollowRequest>(
    { name, stream, before: { type: 'integer', minimum: 0, maximum: logReadBytesMax } },
    ['stream', 'before'],
  ),
  update: form<UpdateRequest>({ programs: nameList, dryRun: { type: 'boolean' } }, ['programs']),
  hookTest: form<HookTestRequest>({ hook: name }, ['hook']),
  programs: form<ProgramsRequest>({ programs: nameList }, ['programs']),
};

function form<T>(properties: object, required: readonly string[], oneOf?: readonly object[]): RequestForm<T> {
  const schema = {
    type: 'object',
    properties,
    required,
    additionalProperties: false,
    ...(oneOf === undefined ? {} : { oneOf }),
  };
  // The server has checked the body against the schema beside it, which the type describes.
  // oxlint-disable-next-line no-unsafe-type-assertion
  return { schema, of: (body) => body as T };
}
