import { createServer } from 'node:http';

// A plain server that knows nothing of portherd: it listens on a port and ends on SIGTERM.
const port = Number(process.env.PORT ?? 8080);

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://demo');
  const answer = (status, text) => {
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(text);
  };
  switch (url.pathname) {
    case '/':
      return answer(200, greeting());
    case '/healthz':
      return answer(200, 'ok\n');
    case '/slow': {
      const ms = Math.min(60_000, Math.max(0, Number(url.searchParams.get('ms') ?? 1_000) || 0));
      return setTimeout(() => answer(200, `pid ${process.pid} took ${ms} ms\n`), ms);
    }
    default:
      return answer(404, 'There are /, /healthz and /slow?ms=1000.\n');
  }
});

server.listen(port);

process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
});

function greeting() {
  const slot = process.env.PORTHERD_SLOT ?? 'none: run me with portherd';
  return `pid  ${process.pid}
slot ${slot}
node ${process.version}

Ask again: another worker may answer. Then replace them all, losing no connection: npx portherdctl roll demo
`;
}
