// A Fastify app that knows nothing of portherd. Needs `npm install fastify` here or above.
import Fastify from 'fastify';

const app = Fastify();
app.get('/', () => `pid ${process.pid}, slot ${process.env.PORTHERD_SLOT}\n`);
await app.listen({ port: 3000 });
process.once('SIGTERM', () => app.close());
