import { createInterface } from 'node:readline';
import { LossClient, type LossOptions } from './loss-client.ts';

/**
 * The loss client in a process of its own, so that its event loop is nobody else's. Commands come as JSON lines on
 * stdin, each is answered with one report line on stdout. The end of stdin ends it, so it cannot outlive its parent.
 */
export type LoadCommand =
  | { readonly do: 'start'; readonly options: LossOptions }
  /** Reports without stopping. */
  | { readonly do: 'report' }
  /** Reports when every client has done its `rounds`. */
  | { readonly do: 'finish' }
  /** Reports when every open exchange has its outcome. */
  | { readonly do: 'stop' };

let client: LossClient | undefined;

for await (const line of createInterface({ input: process.stdin })) {
  const command: LoadCommand = JSON.parse(line); // Our own parent wrote it (load.ts).
  if (command.do === 'start') client = new LossClient(command.options);
  if (client === undefined) throw new Error(`${command.do} before start`);
  const report = await answer(client, command);
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
process.exit(0);

function answer(client: LossClient, command: LoadCommand) {
  if (command.do === 'stop') return client.stop();
  return command.do === 'finish' ? client.finished() : client.report();
}
