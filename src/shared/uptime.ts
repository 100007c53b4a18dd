/** As Python's str(timedelta), which supervisorctl shows: `0:01:02`, `1 day, 0:01:02`, `12 days, 3:04:05`. `ms` ≥ 0. */
export function formatUptime(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const days = Math.floor(seconds / 86_400);
  const clock = `${Math.floor((seconds % 86_400) / 3_600)}:${two((seconds % 3_600) / 60)}:${two(seconds % 60)}`;
  return days === 0 ? clock : `${days} ${days === 1 ? 'day' : 'days'}, ${clock}`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** As strftime('%b %d %I:%M %p') in the C locale, in the time zone of this process: `Nov 20 09:55 AM`. */
export function formatStopTime(at: Date): string {
  const hour = at.getHours();
  return `${months[at.getMonth()]} ${two(at.getDate())} ${two(hour % 12 === 0 ? 12 : hour % 12)}:${two(at.getMinutes())} ${hour < 12 ? 'AM' : 'PM'}`;
}

function two(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}
