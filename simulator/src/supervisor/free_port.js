/**
 * Ports for processes that come and go. Not "any port" of the system: those are also given to outgoing connections,
 * so one could be taken while the process that needs it is down.
 */
import net from 'node:net';

const FIRST = 10_000;
/** Below the range that Linux gives to outgoing connections. */
const LAST = 32_000;
const TRIES = 50;

/**
 * @param {string} host
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function isFree(host, port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/**
 * @param {string} host
 * @returns {Promise<number>} a port that is free now
 */
export async function freePort(host) {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (await isFree(host, port)) {
      return port;
    }
  }
  throw new Error(`no free port on ${host}`);
}
