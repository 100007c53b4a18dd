// An Express app that knows nothing of portherd. Needs `npm install express` here or above.
import express from 'express';

const app = express();
app.get('/', (request, response) => {
  response.send(`pid ${process.pid}, slot ${process.env.PORTHERD_SLOT}\n`);
});
app.get('/healthz', (request, response) => {
  response.send('ok\n');
});
app.listen(3000, (error) => {
  if (error) throw error;
});
