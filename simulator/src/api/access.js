/**
 * Who may do what: API keys with scopes, of an administrator or of another user.
 */
import { HttpError } from './errors.js';

/**
 * @param {import('../shared/state.js').Account[]} accounts
 * @param {import('node:http').IncomingMessage} request
 * @param {URL} url
 * @param {{permission?: string, admin?: boolean}} route
 * @throws {HttpError} 401 or 403 with Immich's words
 */
export function authorize(accounts, request, url, { permission, admin }) {
  const key = request.headers['x-api-key'] ?? url.searchParams.get('apiKey');
  if (!key) {
    throw new HttpError(401, 'Authentication required');
  }
  const account = accounts.find((candidate) => candidate.key === key);
  if (!account) {
    throw new HttpError(401, 'Invalid API key');
  }
  if (admin && !account.admin) {
    throw new HttpError(403, 'Forbidden');
  }
  if (permission && !account.permissions.includes('all') && !account.permissions.includes(permission)) {
    throw new HttpError(403, `Missing required permission: ${permission}`);
  }
  return account;
}
