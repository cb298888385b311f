/**
 * Immich's side of the machine learning host: one HTTP request a job, over the configured URLs in order.
 */
import http from 'node:http';

/** Immich's fetch gives up connecting after 10 s and waiting for an answer after 300 s. */
const CONNECT_MS = 10_000;
const ANSWER_MS = 300_000;

export class MachineLearning {
  #urls;
  #timeScale;
  #agent = new http.Agent({ keepAlive: true, keepAliveMsecs: 1000 });

  /**
   * @param {() => string[]} urls
   * @param {number} timeScale
   */
  constructor(urls, timeScale) {
    this.#urls = urls;
    this.#timeScale = timeScale;
  }

  /**
   * @param {string} task
   * @param {number} ms  how long the host shall work on it
   * @throws {Error} when no URL gives a good answer
   */
  async predict(task, ms) {
    for (const url of this.#urls()) {
      try {
        return await this.#request(new URL(`/predict?task=${task}&ms=${ms.toFixed(1)}`, url));
      } catch (error) {
        if (!(error instanceof Error)) {
          throw error;
        }
      }
    }
    throw new Error(`Machine learning request "${task}" failed for all URLs`);
  }

  /** @param {URL} url */
  #request(url) {
    return new Promise((resolve, reject) => {
      const request = http.request(url, { method: 'POST', agent: this.#agent }, (response) => {
        response.resume();
        response.on('error', reject);
        response.on('end', () => {
          clearTimeout(timer);
          if (response.statusCode === 200) {
            resolve(undefined);
          } else {
            reject(new Error(`status ${response.statusCode}`));
          }
        });
      });
      const giveUp = () => request.destroy(new Error('time-out'));
      let timer = setTimeout(giveUp, CONNECT_MS * this.#timeScale);
      const connected = () => {
        clearTimeout(timer);
        timer = setTimeout(giveUp, ANSWER_MS * this.#timeScale);
      };
      request.on('socket', (socket) => {
        if (socket.connecting) {
          socket.once('connect', connected);
        } else {
          connected();
        }
      });
      request.on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      request.end();
    });
  }
}
