import type { AppView } from './pm2-app.ts';

/**
 * PM2's paths start at cwd, or where `pm2 start` was called: beside the file, as we take it. portherd's start at the YAML. `~` is a
 * home directory, whatever follows.
 */
export function pathIn(view: AppView, path: string): string {
  if (path.startsWith('/')) return path;
  if (path.startsWith('~') && view.home !== undefined) return `${view.home}/${path.replace(/^~\/?/, '')}`;
  if (path.startsWith('~')) return `./${path}`;
  const directory = directoryOf(view);
  return directory === undefined
    ? path.replace(/^\.\//, '')
    : `${directory.replace(/\/$/, '')}/${path.replace(/^\.\//, '')}`;
}

/** For `directory:`; undefined is that of the YAML. */
export function directoryOf({ get, base }: AppView): string | undefined {
  const cwd = get('cwd');
  const written = typeof cwd === 'string' ? cwd.replace(/^\.\/?(?=$|[^.])/, '') : '';
  if (written.startsWith('/')) return written;
  // A shell would have expanded it; PM2 does not.
  if (written.startsWith('~')) return `${base ?? '.'}/${written}`;
  if (base === undefined) return written === '' ? undefined : written;
  return written === '' ? base : `${base}/${written}`;
}
