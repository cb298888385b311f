/**
 * Maintenance mode: how it is entered from the normal API, and the little API there is while it lasts.
 * Only the cookie of the one who started it (or a login link in the server's log) gets out again.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { HttpError, ValidationError, wrongOption } from './errors.js';
import { openRoutes } from './server_routes.js';

const COOKIE = 'immich_maintenance_token';
/** The token's life, whatever the cookie's Max-Age says. */
const TOKEN_SECONDS = 4 * 3600;
const COOKIE_SECONDS = 400 * 24 * 3600;
const ACTIONS = ['start', 'end', 'select_database_restore', 'restore_database'];

/** @param {object} value */
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * @param {string} secret
 * @param {string} text
 */
const sign = (secret, text) => createHmac('sha256', secret).update(text).digest();

/** @param {string} secret */
function newToken(secret) {
  const now = Math.floor(Date.now() / 1000);
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ username: 'Admin', iat: now, exp: now + TOKEN_SECONDS })}`;
  return `${text}.${sign(secret, text).toString('base64url')}`;
}

/**
 * @param {string} secret
 * @param {import('node:http').IncomingMessage} request
 * @throws {HttpError} 401 with Immich's words
 */
function checkCookie(secret, request) {
  const cookies = Object.fromEntries((request.headers.cookie ?? '').split(/; */).map((pair) => pair.split('=')));
  const token = cookies[COOKIE];
  if (!token) {
    throw new HttpError(401, 'Missing JWT Token');
  }
  const [header, payload, signature] = token.split('.');
  const expected = sign(secret, `${header}.${payload}`);
  const given = Buffer.from(signature ?? '', 'base64url');
  const genuine = given.length === expected.length && timingSafeEqual(given, expected);
  if (!genuine || JSON.parse(Buffer.from(payload, 'base64url').toString()).exp * 1000 < Date.now()) {
    throw new HttpError(401, 'Invalid JWT Token');
  }
}

/** @param {any} body */
function checkedAction(body) {
  if (!ACTIONS.includes(body?.action)) {
    throw new ValidationError([wrongOption(ACTIONS, 'action')]);
  }
  return body.action;
}

/** The routes of the normal API. @type {import('./http_server.js').Route[]} */
export const maintenanceStart = [
  {
    method: 'GET',
    path: '/api/admin/maintenance/status',
    open: true,
    handle: () => ({ json: { active: false, action: 'end' } }),
  },
  {
    method: 'POST',
    path: '/api/admin/maintenance',
    permission: 'maintenance',
    admin: true,
    handle: ({ body }, { state, restart }) => {
      if (checkedAction(body) !== 'start') {
        throw new HttpError(400, 'Not in maintenance mode');
      }
      const expires = new Date(Date.now() + COOKIE_SECONDS * 1000).toUTCString();
      const cookie = `${COOKIE}=${newToken(state.maintenanceSecret)}; Max-Age=${COOKIE_SECONDS}; Path=/; Expires=${expires}; HttpOnly; SameSite=Lax`;
      return { status: 201, headers: { 'set-cookie': cookie }, afterwards: () => restart(true) };
    },
  },
];

/** All there is in maintenance. @type {import('./http_server.js').Route[]} */
export const maintenanceRoutes = [
  ...openRoutes,
  {
    method: 'GET',
    path: '/api/server/config',
    open: true,
    withoutDatabase: true,
    handle: () => ({ json: { maintenanceMode: true } }),
  },
  {
    method: 'GET',
    path: '/api/admin/maintenance/status',
    open: true,
    withoutDatabase: true,
    handle: () => ({ json: { active: true, action: 'start' } }),
  },
  {
    method: 'POST',
    path: '/api/admin/maintenance',
    open: true,
    withoutDatabase: true,
    handle: ({ raw, body }, { state, restart }) => {
      checkCookie(state.maintenanceSecret, raw);
      return { status: 201, afterwards: checkedAction(body) === 'end' ? () => restart(false) : undefined };
    },
  },
];
