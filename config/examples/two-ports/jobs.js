// Serves no port; says by a message that it has begun, as under PM2.
const timer = setInterval(() => {
  console.log('a job is done');
}, 60_000);
process.send?.('ready');
process.once('SIGTERM', () => clearInterval(timer));
