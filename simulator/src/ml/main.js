/**
 * The machine learning host stand-in, a process of its own so that it can really be gone.
 * Modes: on, slow (adds a delay), hanging (takes requests, never answers), error500,
 * silent (takes no connection: like a host whose packets are dropped).
 */
import http from 'node:http';
import { connect } from '../shared/rpc.js';

const settings = JSON.parse(process.argv[2]);
let { mode, delayMs } = settings;
const { host, port } = settings;

const server = http.createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://ml');
  request.resume();
  if (url.pathname === '/predict') {
    rpc.notify('called', { task: url.searchParams.get('task') });
  }
  if (mode === 'hanging') {
    return;
  }
  const work = url.pathname === '/predict' ? Number(url.searchParams.get('ms') ?? 0) : 0;
  setTimeout(() => {
    const failed = mode === 'error500' && url.pathname !== '/ping';
    const known = url.pathname === '/ping' || url.pathname === '/predict';
    response.writeHead(failed ? 500 : known ? 200 : 404, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(failed ? 'Internal Server Error' : url.pathname === '/ping' ? 'pong' : '{}');
  }, work + (mode === 'slow' ? delayMs : 0));
});
server.keepAliveTimeout = 60_000;

const rpc = connect(process, {
  mode: (/** @type {{mode: string, delayMs: number}} */ next) => {
    ({ mode, delayMs } = next);
  },
  /** Stops listening but keeps what is open; the supervisor then freezes this process. */
  freeze: () => {
    server.close();
  },
});
process.on('disconnect', () => process.exit(1));

// A silent host has the shortest accept queue; the supervisor freezes it and fills the queue.
server.listen({ port, host, ...(mode === 'silent' && { backlog: 1 }) }, () => rpc.notify('ready'));
server.on('error', (error) => {
  console.error(`ML host: ${error.message}`);
  process.exit(1);
});
