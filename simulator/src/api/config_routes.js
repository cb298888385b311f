/**
 * The system configuration: read and written only as a whole.
 */
import { defaultConfig } from '../supervisor/state.js';
import { HttpError, ValidationError, wrongType } from './errors.js';

/** @typedef {import('./errors.js').Issue} Issue */

/**
 * Takes over what the schema knows and complains about the rest; the default configuration is the schema.
 * Unknown fields are dropped silently, as Immich does.
 * @param {any} schema
 * @param {any} value
 * @param {(string | number)[]} path
 * @param {Issue[]} issues
 * @returns {any}
 */
function clean(schema, value, path, issues) {
  const legacy = `${path.join('.')} must be a ${typeof schema}`;
  if (schema === null) {
    return value ?? null;
  }
  if (Array.isArray(schema)) {
    if (!Array.isArray(value)) {
      issues.push(wrongType('array', value, path, `${path.join('.')} must be an array`));
    }
    return value;
  }
  if (typeof schema === 'object') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      issues.push(wrongType('object', value, path, `${path.join('.')} should not be null or undefined`));
      return value;
    }
    return Object.fromEntries(Object.keys(schema).map((key) => [key, clean(schema[key], value[key], [...path, key], issues)]));
  }
  if (typeof value !== typeof schema) {
    issues.push(wrongType(typeof schema, value, path, legacy));
  } else if (path[0] === 'job') {
    issues.push(...concurrencyIssues(value, path));
  }
  return value;
}

/**
 * @param {number} value
 * @param {(string | number)[]} path
 * @returns {Issue[]}
 */
function concurrencyIssues(value, path) {
  if (!Number.isInteger(value)) {
    const legacy = `${path.join('.')} must be an integer number`;
    return [{ expected: 'int', code: 'invalid_type', path, message: 'Invalid input: expected int, received number', legacy }];
  }
  if (value < 1) {
    const legacy = `${path.join('.')} must not be less than 1`;
    return [{ code: 'too_small', path, message: 'Too small: expected number to be >=1', legacy }];
  }
  return [];
}

/** @type {import('./http_server.js').Route[]} */
export const configRoutes = [
  {
    method: 'GET',
    path: '/api/system-config',
    permission: 'systemConfig.read',
    admin: true,
    handle: (_, { state }) => ({ json: state.config }),
  },
  {
    method: 'GET',
    path: '/api/system-config/defaults',
    permission: 'systemConfig.read',
    admin: true,
    handle: (_, { options }) => ({ json: defaultConfig(options.immich, 'http://immich-machine-learning:3003') }),
  },
  {
    method: 'PUT',
    path: '/api/system-config',
    permission: 'systemConfig.update',
    admin: true,
    handle: async ({ body }, { state, options, patch }) => {
      /** @type {Issue[]} */
      const issues = [];
      const config = clean(defaultConfig(options.immich, ''), body, [], issues);
      if (issues.length > 0) {
        throw new ValidationError(issues);
      }
      if (state.configFile) {
        throw new HttpError(400, 'Cannot update configuration while IMMICH_CONFIG_FILE is in use');
      }
      await patch({ config });
      return { json: config };
    },
  },
];
