import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { doctorMsMax } from '../shared/limits.ts';

/** Whether systemd is PID 1 here (sd_booted(3)), and its version, `252`; undefined when it does not say. */
export async function systemdFacts(): Promise<{ readonly booted: boolean; readonly version: number | undefined }> {
  if (!existsSync('/run/systemd/system')) return { booted: false, version: undefined };
  try {
    const { stdout } = await promisify(execFile)('systemctl', ['--version'], {
      timeout: doctorMsMax,
      killSignal: 'SIGKILL',
    });
    const version = Number(/^systemd (\d+)/.exec(stdout)?.[1]);
    return { booted: true, version: Number.isInteger(version) ? version : undefined };
  } catch {
    return { booted: true, version: undefined }; // no systemctl in PATH, or it hangs
  }
}
