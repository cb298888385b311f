/**
 * What the supervisor tells its child processes: the role Immich's database has for the real processes.
 *
 * @typedef {object} Account
 * @property {string} key  secret sent as x-api-key
 * @property {string} keyId
 * @property {string} keyName
 * @property {string[]} permissions
 * @property {string} createdAt  ISO
 * @property {boolean} admin
 *
 * @typedef {object} State
 * @property {any} config  system configuration, as the API shows it
 * @property {boolean} configFile  the configuration comes from a file and can't be changed
 * @property {Account[]} accounts
 * @property {Record<string, {ms: number, jitter: number}>} speed  per queue
 * @property {string[]} poison  `data.id` of jobs that hang every time
 * @property {number} assets  size of the library
 * @property {number[]} deleted  asset indexes
 * @property {boolean} postgresUp
 * @property {boolean} telemetry
 * @property {'normal'|'500'|'hang'|'garbage'|'down'} apiMode
 * @property {boolean} maintenance
 * @property {string} maintenanceSecret
 *
 * @typedef {object} ChildSetup
 * @property {import('../options.js').Options} options  with real ports
 * @property {State} state
 * @property {string} ledgerPath
 * @property {string} resultsPath
 */

export {};
