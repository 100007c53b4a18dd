import { rebalanceMs, slotsMax } from '../shared/limits.ts';
import type { RebalanceRequest } from './control-rebalance.ts';
import type { NamesRequest, RollRequest, ScaleRequest, SignalRequest, UpdateRequest } from './control.ts';

/** The form of each request's body, as JSON Schema: a body that passes it is what `of` says it is. */
interface RequestForm<T> {
  readonly schema: object;
  of(body: unknown): T;
}

const name = { type: 'string', minLength: 1, maxLength: 200 };
const nameList = { type: 'array', items: name, maxItems: 2 * slotsMax };

export const controlRequests = {
  nothing: form<object>({}, []),
  names: form<NamesRequest>({ names: nameList }, ['names']),
  signal: form<SignalRequest>({ names: nameList, signal: { type: 'string', minLength: 1, maxLength: 16 } }, [
    'names',
    'signal',
  ]),
  roll: form<RollRequest>({ programs: nameList, wait: { type: 'boolean' } }, ['programs', 'wait']),
  scale: form<ScaleRequest>(
    { program: name, workers: { type: 'integer' }, by: { type: 'integer' } },
    ['program'],
    [{ required: ['workers'] }, { required: ['by'] }],
  ),
  rebalance: form<RebalanceRequest>(
    {
      programs: nameList,
      wait: { type: 'boolean' },
      timeoutMs: { type: 'integer', minimum: rebalanceMs.min, maximum: rebalanceMs.max },
    },
    ['programs', 'wait', 'timeoutMs'],
  ),
  update: form<UpdateRequest>({ programs: nameList }, ['programs']),
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
