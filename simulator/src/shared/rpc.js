/**
 * Calls between the supervisor and its child processes over Node's own IPC channel.
 */

/**
 * @typedef {{send?: Function, on: Function, connected?: boolean}} Channel  `process` or a ChildProcess
 * @typedef {{call(method: string, params?: unknown): Promise<any>, notify(method: string, params?: unknown): void}} Rpc
 */

/**
 * @param {Channel} channel
 * @param {Record<string, (params: any) => unknown>} handlers what the other side may call
 * @returns {Rpc}
 */
export function connect(channel, handlers) {
  let nextId = 0;
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
  const pending = new Map();

  const send = (/** @type {object} */ message) => {
    if (channel.connected === false) {
      return false;
    }
    // A child may die between the check and the send; its exit is reported elsewhere.
    channel.send?.(message, () => {});
    return true;
  };

  const answer = async (/** @type {{id?: number, method: string, params: unknown}} */ { id, method, params }) => {
    try {
      const handler = handlers[method];
      if (!handler) {
        throw new Error(`unknown call ${method}`);
      }
      const result = await handler(params);
      if (id !== undefined) {
        send({ reply: id, result });
      }
    } catch (error) {
      if (id !== undefined) {
        send({ reply: id, error: error instanceof Error ? error.message : String(error) });
      } else {
        console.error(`${method}:`, error);
      }
    }
  };

  channel.on('message', (/** @type {any} */ message) => {
    if (message?.method) {
      void answer(message);
      return;
    }
    const waiting = pending.get(message?.reply);
    if (!waiting) {
      return;
    }
    pending.delete(message.reply);
    if (message.error === undefined) {
      waiting.resolve(message.result);
    } else {
      waiting.reject(new Error(message.error));
    }
  });

  channel.on('disconnect', () => {
    for (const { reject } of pending.values()) {
      reject(new Error('the other process is gone'));
    }
    pending.clear();
  });

  return {
    call: (method, params) =>
      new Promise((resolve, reject) => {
        const id = nextId++;
        pending.set(id, { resolve, reject });
        if (!send({ id, method, params })) {
          pending.delete(id);
          reject(new Error('the other process is gone'));
        }
      }),
    notify: (method, params) => void send({ method, params }),
  };
}
