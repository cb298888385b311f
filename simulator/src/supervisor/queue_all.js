/**
 * The jobs that "start" of a queue leads to: one per item that is missing, or per item at all.
 */
import { KINDS } from '../shared/immich.js';

/**
 * @param {import('./supervisor.js').Supervisor} supervisor
 * @param {keyof typeof KINDS} queue
 * @param {boolean} force
 * @returns {import('./job_source.js').Item[]}
 */
export function jobsForAll({ state, library, results }, queue, force) {
  const kind = KINDS[queue];
  if (kind.target === 'library') {
    return [{ name: kind.job, data: libraryData(library, 0) }];
  }
  const everything = Array.from({ length: state.assets }, (_, index) => index);
  const tracked = results.isTracked(queue);
  const chosen = force || !tracked ? everything : results.missing(queue, state.assets);
  const deleted = new Set(state.deleted);
  const indexes = chosen.filter((index) => !deleted.has(index) && (kind.target !== 'video' || library.isVideo(index)));
  if (force && kind.forceForgets) {
    for (const index of indexes) {
      results.mark(queue, index, false);
    }
  }
  return indexes.map((index) => ({ name: kind.job, queue, data: { id: library.id(kind.target === 'face' ? 'face' : 'asset', index) } }));
}

/**
 * @param {import('../shared/library.js').Library} library
 * @param {number} index of the first asset
 */
export function libraryData(library, index) {
  return {
    libraryId: library.id('library', 0),
    importPaths: ['/mnt/photos'],
    exclusionPatterns: [],
    assetIds: Array.from({ length: 20 }, (_, offset) => library.id('asset', index + offset)),
    progressCounter: 20,
    totalAssets: 20,
  };
}
