/**
 * Immich's error replies. 3.x: `message` and `errors` of a validation; 2.x: a list of sentences and more fields.
 */
import { STATUS_CODES } from 'node:http';

export class HttpError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }

  /**
   * @param {string} immich version
   * @param {string} correlationId
   * @returns {object}
   */
  body(immich, correlationId) {
    if (immich !== '2.7.5') {
      return { message: this.message };
    }
    return { message: this.message, error: STATUS_CODES[this.status], statusCode: this.status, correlationId };
  }
}

/**
 * @typedef {object} Issue one finding
 * @property {string} code
 * @property {(string | number)[]} path
 * @property {string} message  as 3.x words it
 * @property {string} [legacy]  as 2.x words it
 * @property {string} [expected]
 * @property {readonly string[]} [values]
 */

export class ValidationError extends HttpError {
  /** @param {Issue[]} issues */
  constructor(issues) {
    super(400, 'Validation failed');
    this.issues = issues;
  }

  /**
   * @param {string} immich version
   * @param {string} correlationId
   * @returns {object}
   */
  body(immich, correlationId) {
    if (immich !== '2.7.5') {
      return { message: this.message, errors: this.issues.map(({ legacy: _, ...issue }) => issue) };
    }
    return {
      message: this.issues.map(({ legacy, path }) => legacy ?? `${path.join('.')} has a wrong value`),
      error: 'Bad Request',
      statusCode: 400,
      correlationId,
    };
  }
}

/** @param {unknown} value */
const typeName = (value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);

/**
 * @param {string} expected
 * @param {unknown} value
 * @param {(string | number)[]} path
 * @param {string} [legacy]
 * @returns {Issue}
 */
export function wrongType(expected, value, path, legacy) {
  return {
    expected,
    code: 'invalid_type',
    path,
    message: `Invalid input: expected ${expected}, received ${typeName(value)}`,
    legacy,
  };
}

/**
 * @param {readonly string[]} values
 * @param {string} field
 * @returns {Issue}
 */
export function wrongOption(values, field) {
  return {
    code: 'invalid_value',
    values,
    path: [field],
    message: `Invalid option: expected one of ${values.map((value) => `"${value}"`).join('|')}`,
    legacy: `${field} must be one of the following values: ${values.join(', ')}`,
  };
}
