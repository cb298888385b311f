/**
 * The HTTP side of the API: routing, access, Immich's headers, and the ways in which an API can be broken.
 */
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import { authorize } from './access.js';
import { HttpError } from './errors.js';

const WEB_PAGE = '<!doctype html>\n<html><head><title>Immich</title></head><body>Immich</body></html>\n';
const BODY_LIMIT = 10 * 1024 * 1024;

/**
 * @typedef {object} Request
 * @property {http.IncomingMessage} raw
 * @property {string} path  without query
 * @property {URLSearchParams} query
 * @property {Record<string, string>} params  from the path
 * @property {any} body  undefined when there is none
 * @property {import('../shared/state.js').Account | undefined} account
 *
 * @typedef {object} Reply
 * @property {number} [status]  default 200
 * @property {unknown} [json]
 * @property {Buffer} [bytes]
 * @property {Record<string, string | string[]>} [headers]
 * @property {() => unknown} [afterwards]  once the reply is out
 *
 * @typedef {object} Route
 * @property {string} method
 * @property {string} path  with {names}
 * @property {string} [permission]
 * @property {boolean} [admin]
 * @property {boolean} [open]  needs no key
 * @property {boolean} [withoutDatabase]
 * @property {(request: Request, context: import('./main.js').Context) => Reply | Promise<Reply>} handle
 */

/** @param {http.IncomingMessage} request */
async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_LIMIT) {
      throw new HttpError(413, 'request entity too large');
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  if (!text) {
    return undefined;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new HttpError(400, error.message);
    }
    throw error;
  }
}

export class ApiServer {
  #context;
  #routes;
  #server;

  /**
   * @param {import('./main.js').Context} context
   * @param {Route[]} routes
   */
  constructor(context, routes) {
    this.#context = context;
    this.#routes = routes.map((route) => ({
      ...route,
      pattern: new RegExp(`^${route.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
    }));
    this.#server = http.createServer((request, response) => void this.#serve(request, response));
    this.#server.keepAliveTimeout = 5000;
  }

  /** Listens, or refuses connections in mode "down". */
  async applyMode() {
    const { state, options } = this.#context;
    if (state.apiMode === 'down' && this.#server.listening) {
      const closed = new Promise((resolve) => this.#server.close(resolve));
      this.#server.closeAllConnections();
      await closed;
    }
    if (state.apiMode !== 'down' && !this.#server.listening) {
      await new Promise((resolve, reject) =>
        this.#server.once('error', reject).listen(options.port, options.host, () => resolve(undefined)),
      );
    }
  }

  /**
   * @param {http.IncomingMessage} request
   * @param {http.ServerResponse} response
   */
  async #serve(request, response) {
    const { apiMode } = this.#context.state;
    if (apiMode === 'hang') {
      return;
    }
    if (apiMode === 'garbage') {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end('{"name": "thumbnailGen');
      return;
    }
    const correlationId = randomBytes(6).toString('base64url').toLowerCase().replace(/[-_]/g, '0');
    let reply;
    try {
      if (apiMode === '500') {
        throw new HttpError(500, 'Internal server error');
      }
      reply = await this.#answer(request);
    } catch (error) {
      if (!(error instanceof HttpError)) {
        console.error(`api ${request.method} ${request.url}:`, error instanceof Error ? error.message : error);
      }
      const failure = error instanceof HttpError ? error : new HttpError(500, 'Internal server error');
      reply = { status: failure.status, json: failure.body(this.#context.options.immich, correlationId) };
    }
    this.#send(response, reply, correlationId);
  }

  /**
   * @param {http.IncomingMessage} raw
   * @returns {Promise<Reply>}
   */
  async #answer(raw) {
    const { state } = this.#context;
    const url = new URL(raw.url ?? '/', 'http://immich');
    const method = raw.method === 'HEAD' ? 'GET' : raw.method;
    const found = this.#routes
      .map((route) => ({ route, match: route.method === method ? route.pattern.exec(url.pathname) : null }))
      .find(({ match }) => match);
    if (!found?.match) {
      if (method === 'GET' && !url.pathname.startsWith('/api/')) {
        return this.#webPage(url.pathname);
      }
      throw new HttpError(404, `Cannot ${raw.method} ${raw.url}`);
    }
    const { route, match } = found;
    if (!state.postgresUp && !route.withoutDatabase) {
      throw new HttpError(500, 'Internal server error');
    }
    const account = route.open ? undefined : authorize(state.accounts, raw, url, route);
    const body = await readBody(raw);
    const params = Object.fromEntries(Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]));
    return route.handle({ raw, path: url.pathname, query: url.searchParams, params, body, account }, this.#context);
  }

  /**
   * Every other address is the web application, which has a page for everything.
   * @param {string} path
   * @returns {Reply}
   */
  #webPage(path) {
    if (this.#context.state.maintenance && path !== '/maintenance') {
      return { status: 302, headers: { location: '/maintenance' } };
    }
    return { bytes: Buffer.from(WEB_PAGE), headers: { 'content-type': 'text/html; charset=utf-8' } };
  }

  /**
   * @param {http.ServerResponse} response
   * @param {Reply} reply
   * @param {string} correlationId
   */
  #send(response, { status = 200, json, bytes, headers = {}, afterwards }, correlationId) {
    response.setHeader('X-Powered-By', 'Express');
    response.setHeader(this.#context.options.immich === '2.7.5' ? 'x-immich-cid' : 'X-Correlation-ID', correlationId);
    const content = bytes ?? (json === undefined ? undefined : Buffer.from(JSON.stringify(json)));
    if (content) {
      const digest = createHash('sha1').update(content).digest('base64').slice(0, 27);
      response.setHeader('Content-Type', 'application/json; charset=utf-8');
      response.setHeader('Content-Length', content.length);
      response.setHeader('ETag', `"${content.length.toString(16)}-${digest}"`);
      response.setHeader('Vary', 'Accept-Encoding');
    }
    for (const [name, value] of Object.entries(headers)) {
      response.setHeader(name, value);
    }
    response.statusCode = status;
    if (afterwards) {
      response.once('finish', () => void afterwards());
    }
    response.end(content);
  }
}
