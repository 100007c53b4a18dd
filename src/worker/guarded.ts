/** Complaints of one process; a fault that comes with each connection must not fill the app's stderr. */
const complaintsMax = 10;

let complaints = 0;

/**
 * Wraps a callback that Node calls on our behalf: a fault of ours becomes a process warning, never an exception of the app.
 */
export function guarded<T>(work: (value: T) => void): (value: T) => void {
  return (value) => {
    try {
      work(value);
    } catch (thrown) {
      complain(thrown);
    }
  };
}

function complain(thrown: unknown): void {
  complaints += 1;
  if (complaints > complaintsMax) return;
  const detail = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  process.emitWarning('portherd’s preload failed; the app serves on', { type: 'PortherdWarning', detail });
}
