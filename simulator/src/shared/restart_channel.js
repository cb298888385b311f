/**
 * Immich's restart event on the Redis channel of its socket.io adapter.
 */
const CHANNEL = 'socket.io-request#/#';
/** "Server side emit" in the adapter's protocol. */
const SERVER_SIDE_EMIT = 6;

/**
 * @param {import('ioredis').Redis} redis  taken over as subscriber
 * @param {() => void} onRestart
 */
export async function listenForRestart(redis, onRestart) {
  redis.on('error', () => {}); // ioredis reconnects and subscribes again by itself
  redis.on('message', (channel, text) => {
    if (channel === CHANNEL && isRestart(text)) {
      onRestart();
    }
  });
  await redis.subscribe(CHANNEL);
}

/** @param {string} text */
function isRestart(text) {
  try {
    const message = JSON.parse(text);
    return message.type === SERVER_SIDE_EMIT && message.data?.[0] === 'AppRestart';
  } catch (error) {
    if (error instanceof SyntaxError) {
      return false;
    }
    throw error;
  }
}

/**
 * @param {import('ioredis').Redis} redis
 * @param {boolean} maintenance
 * @returns {Promise<number>} processes reached
 */
export function publishRestart(redis, maintenance) {
  const uid = Math.random().toString(36).slice(2, 8);
  const message = { uid, type: SERVER_SIDE_EMIT, data: ['AppRestart', { isMaintenanceMode: maintenance }] };
  return redis.publish(CHANNEL, JSON.stringify(message));
}
