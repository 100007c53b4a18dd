/** The cure where a daemon of another user may be the reason for what looks wrong. */
export const askItsUser = 'Ask as the user who runs the daemon, or as root.';
