/**
 * What the jobs do, how long they take and what they lead to.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { KINDS, ML_QUEUES, queueOfJob } from '../shared/immich.js';
import { MachineLearning } from '../shared/machine_learning.js';

/** Every job looks its asset up first; a burnt job therefore costs a few ms, not none. */
const DATABASE_MS = 2;
/** Jobs found at start-up run before machine learning is set up: as with Immich each slot burns one or two. */
const BURNING_MS = 6;
/** Immich's poll while faces wait for thumbnails and face detection. */
const WAIT_FOR_QUEUES_MS = 1000;

/** @typedef {'success'|'skipped'|'failed'} Outcome */

/**
 * @typedef {object} Parts
 * @property {import('../shared/state.js').State} state
 * @property {import('../shared/library.js').Library} library
 * @property {import('../shared/results.js').Results} results
 * @property {number} timeScale
 * @property {(items: import('../supervisor/job_source.js').Item[]) => Promise<unknown>} add  adds jobs through the supervisor, which counts them
 * @property {(method: string, params: unknown) => Promise<any>} query  asks the supervisor, the "database"
 * @property {Record<'thumbnailGeneration'|'faceDetection'|'facialRecognition', import('bullmq').Queue>} queues
 */

export class Handlers {
  #parts;
  #machineLearning;
  #machineLearningSetUp = false;
  /** @type {Map<string, number>} queues that had jobs at start-up, and when machine learning is ready for them */
  #burnsUntil = new Map();
  #loggedAt = 0;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#machineLearning = new MachineLearning(() => parts.state.config.machineLearning.urls, parts.timeScale);
  }

  setUpMachineLearning() {
    this.#machineLearningSetUp = true;
  }

  /** @param {any} data */
  isPoison(data) {
    return this.#parts.state.poison.includes(data?.id);
  }

  /**
   * @param {string} name
   * @param {unknown} error
   */
  log(name, error) {
    // A burn would otherwise write 600 lines a second.
    if (Date.now() - this.#loggedAt > 1000) {
      this.#loggedAt = Date.now();
      console.error(`worker: unable to run job handler (${name}): ${error instanceof Error ? error.message : error}`);
    }
  }

  /**
   * @param {string} queue
   * @param {string} name
   * @param {any} data
   * @returns {Promise<Outcome>}
   * @throws {Error} as Immich's handlers do; the caller swallows it
   */
  async handle(queue, name, data) {
    const { state, results } = this.#parts;
    if (!state.postgresUp) {
      await sleep(DATABASE_MS);
      throw new Error('connect ECONNREFUSED (postgres)');
    }
    if (!queueOfJob(name)) {
      return 'skipped';
    }
    const kind = KINDS[/** @type {keyof typeof KINDS} */ (queue)];
    if (name === 'FacialRecognitionQueueAll') {
      return this.#queueFacialRecognition(data);
    }
    if (name === kind.queueAll && name !== kind.job) {
      await this.#parts.query('queueAll', { queue, force: data.force });
      return 'success';
    }
    const burns = ML_QUEUES.has(queue) && this.#isTooEarly(queue);
    await sleep(DATABASE_MS);
    if (name !== kind.job) {
      await sleep(this.#workTime(queue));
      return 'success';
    }
    const index = this.#itemIndex(kind, data);
    if (index === undefined) {
      return 'failed';
    }
    if (ML_QUEUES.has(queue)) {
      if (burns) {
        throw new Error('Machine learning repository not been setup');
      }
      await this.#machineLearning.predict(queue, this.#workTime(queue));
    } else {
      await sleep(this.#workTime(queue));
    }
    if (index >= 0) {
      results.mark(queue, index, true);
    }
    return 'success';
  }

  /**
   * Whether a job begins before machine learning is set up.
   * @param {string} queue
   */
  #isTooEarly(queue) {
    if (!this.#burnsUntil.has(queue) && !this.#machineLearningSetUp) {
      this.#burnsUntil.set(queue, performance.now() + BURNING_MS);
    }
    return performance.now() < (this.#burnsUntil.get(queue) ?? 0);
  }

  /**
   * @param {import('../shared/immich.js').QueueKind} kind
   * @param {any} data
   * @returns {number | undefined} undefined: no such item; -1: the job has no item
   */
  #itemIndex(kind, data) {
    const { library, state } = this.#parts;
    if (kind.target !== 'asset' && kind.target !== 'video' && kind.target !== 'face') {
      return -1;
    }
    const index = library.indexOf(kind.target === 'face' ? 'face' : 'asset', data?.id ?? data?.assetId);
    return index === undefined || index >= state.assets || state.deleted.includes(index) ? undefined : index;
  }

  /** @param {string} queue */
  #workTime(queue) {
    const { ms, jitter } = this.#parts.state.speed[queue];
    return Math.max(0, ms * (1 + jitter * (2 * Math.random() - 1)));
  }

  /**
   * Waits for as long as thumbnails or face detection have an active entry, then adds the faces.
   * @param {{force?: boolean}} data
   * @returns {Promise<Outcome>}
   */
  async #queueFacialRecognition({ force }) {
    const { queues } = this.#parts;
    while ((await queues.thumbnailGeneration.getActiveCount()) + (await queues.faceDetection.getActiveCount()) > 0) {
      await sleep(WAIT_FOR_QUEUES_MS);
    }
    const { waiting } = await queues.facialRecognition.getJobCounts('waiting');
    if (!force && waiting) {
      return 'skipped';
    }
    await this.#parts.query('queueAll', { queue: 'facialRecognition', force });
    return 'success';
  }

  /**
   * The jobs that come after a good one: only for new photos (`source: upload`).
   * @param {string} name
   * @param {any} data
   */
  async followUp(name, data) {
    const { library, add } = this.#parts;
    const upload = data?.source === 'upload';
    const index = library.indexOf('asset', data?.id);
    switch (name) {
      case 'SidecarCheck':
        return add([{ name: 'AssetExtractMetadata', data }]);
      case 'SidecarWrite':
        return add([{ name: 'AssetExtractMetadata', data: { id: data.id, source: 'sidecar-write' } }]);
      case 'AssetExtractMetadata':
        return upload ? add([{ name: 'StorageTemplateMigrationSingle', data }]) : undefined;
      case 'StorageTemplateMigrationSingle':
        return upload ? add([{ name: 'AssetGenerateThumbnails', data }]) : undefined;
      case 'AssetGenerateThumbnails':
        return upload ? add(this.#afterThumbnail(data, index)) : undefined;
      case 'SmartSearch':
        return upload ? add([{ name: 'AssetDetectDuplicates', data }]) : undefined;
      case 'AssetDetectFaces':
        return index !== undefined && index % 3 === 0
          ? add([
              { name: 'FacialRecognitionQueueAll', data: { force: false } },
              { name: 'FacialRecognition', data: { id: library.id('face', index) } },
            ])
          : undefined;
      default:
        return undefined;
    }
  }

  /**
   * @param {any} data
   * @param {number | undefined} index
   */
  #afterThumbnail(data, index) {
    const jobs = ['SmartSearch', 'AssetDetectFaces', 'Ocr'];
    if (index !== undefined && this.#parts.library.isVideo(index)) {
      jobs.push('AssetEncodeVideo');
    }
    return jobs.map((name) => ({ name, data }));
  }
}
