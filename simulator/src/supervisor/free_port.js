/**
 * Ports for processes that come and go.
 *
 * Not "any port" of the system: those are also given to outgoing connections, so one could be taken while the process
 * that needs it is down. And a port is kept from other simulators for as long as this process lives, by holding the
 * UDP port of the same number.
 */
import dgram from 'node:dgram';
import net from 'node:net';

const FIRST = 10_000;
/** Below the range that Linux gives to outgoing connections. */
const LAST = 32_000;
const TRIES = 50;

/**
 * @param {string} host
 * @param {number} port
 * @returns {Promise<boolean>} whether the port is ours now
 */
function reserve(host, port) {
  return new Promise((resolve) => {
    const token = dgram.createSocket(net.isIPv6(host) ? 'udp6' : 'udp4');
    token.unref();
    token.once('error', () => {
      token.close();
      resolve(false);
    });
    token.bind({ port, address: host, exclusive: true }, () => resolve(true));
  });
}

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
 * @returns {Promise<number>} a port that nobody uses
 */
export async function freePort(host) {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if ((await reserve(host, port)) && (await isFree(host, port))) {
      return port;
    }
  }
  throw new Error(`no free port on ${host}`);
}
