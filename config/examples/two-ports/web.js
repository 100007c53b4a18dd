import { createServer } from 'node:http';

createServer((request, response) => {
  response.end(`pid ${process.pid}, slot ${process.env.PORTHERD_SLOT}\n`);
}).listen(8080);

createServer((request, response) => {
  response.end(`up for ${Math.round(process.uptime())} s\n`);
}).listen(9090, '127.0.0.1');
