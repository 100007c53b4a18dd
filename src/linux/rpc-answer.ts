import { faultXml, parseCall, responseXml } from '../protocol/xml-rpc.ts';
import { failure } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Rpc } from '../supervisor/ports-rpc.ts';
import { readXml } from './xml-document.ts';

/** A POST to /RPC2: text in, text out. Loaded with the first one, and the XML library with it. Errors: BAD_REQUEST. */
export async function answerRpc(text: string, rpc: Rpc): Promise<Result<string>> {
  const document = readXml(text);
  const called = document.ok ? parseCall(document.value) : document;
  if (!called.ok) return err(failure('BAD_REQUEST', `no XML-RPC call: ${called.error}`));
  const answer = await rpc.call(called.value.method, called.value.params);
  return ok(answer.ok ? responseXml(answer.value) : faultXml(answer.error));
}
