/**
 * JSON over HTTP for tests and the demo: 200 {"ok": true, …} or 400 {"error": …}.
 */
import http from 'node:http';
import { COMMANDS } from './commands.js';

const BODY_LIMIT = 8 * 1024 * 1024;

/** @param {http.IncomingMessage} request */
async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_LIMIT) {
      throw new Error('the body is too big');
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  return text ? JSON.parse(text) : {};
}

/**
 * @param {import('./supervisor.js').Supervisor} supervisor
 */
export async function startControlServer(supervisor) {
  const { host, controlPort } = supervisor.options;
  const server = http.createServer(async (request, response) => {
    let status = 200;
    let reply;
    try {
      const { pathname } = new URL(request.url ?? '/', 'http://control');
      const command = COMMANDS[`${request.method} ${pathname}`];
      if (!command) {
        throw new Error(`unknown command; there are: ${Object.keys(COMMANDS).join(', ')}`);
      }
      const result = await command(supervisor, await readBody(request));
      reply = { ok: true, ...(typeof result === 'object' ? result : {}) };
    } catch (error) {
      status = 400;
      reply = { error: error instanceof Error ? error.message : String(error) };
    }
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(reply));
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(controlPort, host, () => resolve(undefined)));
}
