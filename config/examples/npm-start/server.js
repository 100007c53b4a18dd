import { createServer } from 'node:http';

createServer((request, response) => {
  response.end(`pid ${process.pid}, slot ${process.env.PORTHERD_SLOT}\n`);
}).listen(process.env.PORT);
