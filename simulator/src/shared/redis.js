/**
 * Redis URLs → ioredis options.
 */
import { readFileSync } from 'node:fs';

/**
 * @param {string} url redis://, rediss://, unix:///path?db=N or redis+sentinel://[user:password@]host:port,host:port/service[/db]
 * @param {string} [caFile] PEM file for rediss://
 * @returns {import('ioredis').RedisOptions}
 */
export function redisOptions(url, caFile) {
  if (url.startsWith('redis+sentinel://')) {
    return sentinelOptions(url);
  }
  const parsed = new URL(url);
  /** @type {import('ioredis').RedisOptions} */
  const options = {};
  if (parsed.username) {
    options.username = decodeURIComponent(parsed.username);
  }
  if (parsed.password) {
    options.password = decodeURIComponent(parsed.password);
  }
  if (parsed.protocol === 'unix:') {
    options.path = parsed.pathname;
    options.db = Number(parsed.searchParams.get('db') ?? 0);
    return options;
  }
  if (parsed.protocol !== 'redis:' && parsed.protocol !== 'rediss:') {
    throw new Error(`unknown kind of Redis URL: ${parsed.protocol}`);
  }
  options.host = parsed.hostname.replace(/^\[|\]$/g, '');
  options.port = Number(parsed.port || 6379);
  options.db = Number(parsed.pathname.slice(1) || 0);
  if (parsed.protocol === 'rediss:') {
    options.tls = caFile ? { ca: readFileSync(caFile), servername: options.host } : { rejectUnauthorized: false };
  }
  return options;
}

/**
 * @param {string} url
 * @returns {import('ioredis').RedisOptions}
 */
function sentinelOptions(url) {
  const match = /^redis\+sentinel:\/\/(?:([^:@/]*):([^@/]*)@)?([^/]+)\/([^/]+)(?:\/(\d+))?$/.exec(url);
  if (!match) {
    throw new Error('expected redis+sentinel://host:port,host:port/service');
  }
  const [, username, password, hosts, service, db] = match;
  return {
    sentinels: hosts.split(',').map((item) => {
      const [host, port] = item.split(':');
      return { host, port: Number(port ?? 26379) };
    }),
    name: service,
    db: Number(db ?? 0),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
  };
}
