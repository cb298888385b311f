/**
 * Immich's queues and jobs: names, data shapes and defaults, as recorded on 3.1.0 and 2.7.5.
 */

/** The queues of 3.1.0 in the order in which the API lists them. */
const QUEUES = /** @type {const} */ ([
  'thumbnailGeneration',
  'metadataExtraction',
  'videoConversion',
  'faceDetection',
  'facialRecognition',
  'smartSearch',
  'duplicateDetection',
  'backgroundTask',
  'storageTemplateMigration',
  'migration',
  'search',
  'sidecar',
  'library',
  'notifications',
  'backupDatabase',
  'ocr',
  'workflow',
  'integrityCheck',
  'editor',
]);

/** @typedef {typeof QUEUES[number]} QueueName */

/**
 * @param {string} immich version
 * @returns {QueueName[]}
 */
export function queueNames(immich) {
  return QUEUES.filter((name) => name !== 'integrityCheck' || immich !== '2.7.5');
}

/** Concurrency 1, fixed and absent from the system configuration. */
export const FIXED_QUEUES = new Set(['facialRecognition', 'storageTemplateMigration', 'duplicateDetection', 'backupDatabase']);

/** Queues whose jobs call the machine learning host. */
export const ML_QUEUES = new Set(['smartSearch', 'faceDetection', 'ocr']);

/**
 * What a queue works on.
 * - `job`: the job of one item. `queueAll`: the job that "start" adds, if the queue can be started.
 * - `target`: what `data.id` is. `tracked`: the library remembers which items are done, so that
 *   "missing" means something. `forceForgets`: a forced run drops the old results first.
 * - `ms`: default time of one job.
 * @typedef {object} QueueKind
 * @property {string} job
 * @property {string} [queueAll]
 * @property {'asset'|'video'|'face'|'person'|'library'|'user'|'none'} target
 * @property {boolean} [tracked]
 * @property {boolean} [forceForgets]
 * @property {number} ms
 */

/** @type {Record<QueueName, QueueKind>} */
export const KINDS = {
  thumbnailGeneration: { job: 'AssetGenerateThumbnails', queueAll: 'AssetGenerateThumbnailsQueueAll', target: 'asset', tracked: true, ms: 180 },
  metadataExtraction: { job: 'AssetExtractMetadata', queueAll: 'AssetExtractMetadataQueueAll', target: 'asset', tracked: true, ms: 60 },
  videoConversion: { job: 'AssetEncodeVideo', queueAll: 'AssetEncodeVideoQueueAll', target: 'video', tracked: true, ms: 8000 },
  faceDetection: { job: 'AssetDetectFaces', queueAll: 'AssetDetectFacesQueueAll', target: 'asset', tracked: true, forceForgets: true, ms: 220 },
  facialRecognition: { job: 'FacialRecognition', queueAll: 'FacialRecognitionQueueAll', target: 'face', tracked: true, forceForgets: true, ms: 25 },
  smartSearch: { job: 'SmartSearch', queueAll: 'SmartSearchQueueAll', target: 'asset', tracked: true, forceForgets: true, ms: 150 },
  duplicateDetection: { job: 'AssetDetectDuplicates', queueAll: 'AssetDetectDuplicatesQueueAll', target: 'asset', tracked: true, ms: 15 },
  backgroundTask: { job: 'TagCleanup', target: 'none', ms: 40 },
  storageTemplateMigration: { job: 'StorageTemplateMigrationSingle', queueAll: 'StorageTemplateMigration', target: 'asset', ms: 5 },
  migration: { job: 'AssetFileMigration', queueAll: 'FileMigrationQueueAll', target: 'asset', ms: 10 },
  search: { job: 'SmartSearch', target: 'asset', ms: 10 },
  sidecar: { job: 'SidecarCheck', queueAll: 'SidecarQueueAll', target: 'asset', ms: 10 },
  library: { job: 'LibrarySyncAssets', queueAll: 'LibraryScanQueueAll', target: 'library', ms: 120 },
  notifications: { job: 'NotifyUserSignup', target: 'user', ms: 50 },
  backupDatabase: { job: 'DatabaseBackup', queueAll: 'DatabaseBackup', target: 'none', ms: 4000 },
  ocr: { job: 'Ocr', queueAll: 'OcrQueueAll', target: 'asset', tracked: true, ms: 260 },
  workflow: { job: 'WorkflowAssetTrigger', target: 'asset', ms: 20 },
  integrityCheck: { job: 'IntegrityMissingFiles', target: 'none', ms: 500 },
  editor: { job: 'AssetEditThumbnailGeneration', target: 'asset', ms: 200 },
};

/** Queues with a byte per item in the library file; the position is the byte's. */
export const TRACKED_QUEUES = QUEUES.filter((name) => KINDS[name].tracked);

/** Job → queue for jobs that are not the main job of a queue. */
const OTHER_JOBS = /** @type {Record<string, QueueName>} */ ({
  PersonGenerateThumbnail: 'thumbnailGeneration',
  AssetDelete: 'backgroundTask',
  AssetDeleteCheck: 'backgroundTask',
  AssetEmptyTrash: 'backgroundTask',
  AuditTableCleanup: 'backgroundTask',
  FileDelete: 'backgroundTask',
  MemoryCleanup: 'backgroundTask',
  MemoryGenerate: 'backgroundTask',
  NotificationsCleanup: 'backgroundTask',
  PersonCleanup: 'backgroundTask',
  SessionCleanup: 'backgroundTask',
  UserDelete: 'backgroundTask',
  UserDeleteCheck: 'backgroundTask',
  UserSyncUsage: 'backgroundTask',
  VersionCheck: 'backgroundTask',
  PersonFileMigration: 'migration',
  SidecarWrite: 'sidecar',
  LibraryDelete: 'library',
  LibraryDeleteCheck: 'library',
  LibraryRemoveAsset: 'library',
  LibraryScanAssetsQueueAll: 'library',
  LibrarySyncFiles: 'library',
  LibrarySyncFilesQueueAll: 'library',
  NotifyAlbumInvite: 'notifications',
  NotifyAlbumUpdate: 'notifications',
  SendMail: 'notifications',
  IntegrityUntrackedFiles: 'integrityCheck',
  IntegrityChecksumFiles: 'integrityCheck',
  IntegrityMissingFilesQueueAll: 'integrityCheck',
  IntegrityUntrackedFilesQueueAll: 'integrityCheck',
  IntegrityMissingFilesRefresh: 'integrityCheck',
  IntegrityUntrackedRefresh: 'integrityCheck',
  IntegrityChecksumFilesRefresh: 'integrityCheck',
  IntegrityDeleteReports: 'integrityCheck',
});

/** @type {Map<string, QueueName>} */
const QUEUE_OF_JOB = new Map(Object.entries(OTHER_JOBS));
for (const name of QUEUES) {
  const { job, queueAll } = KINDS[name];
  if (name !== 'search') {
    QUEUE_OF_JOB.set(job, name);
  }
  if (queueAll) {
    QUEUE_OF_JOB.set(queueAll, name);
  }
}

/**
 * @param {string} job
 * @returns {QueueName | undefined} undefined for a job that Immich doesn't know (its worker skips those)
 */
export const queueOfJob = (job) => QUEUE_OF_JOB.get(job);

/** Jobs that `POST /jobs` accepts, per version, and what they add. */
export const MANUAL_JOBS = {
  'person-cleanup': 'PersonCleanup',
  'tag-cleanup': 'TagCleanup',
  'user-cleanup': 'UserDeleteCheck',
  'memory-cleanup': 'MemoryCleanup',
  'memory-create': 'MemoryGenerate',
  'backup-database': 'DatabaseBackup',
  'integrity-missing-files': 'IntegrityMissingFilesQueueAll',
  'integrity-untracked-files': 'IntegrityUntrackedFilesQueueAll',
  'integrity-checksum-mismatch': 'IntegrityChecksumFiles',
  'integrity-missing-files-refresh': 'IntegrityMissingFilesRefresh',
  'integrity-untracked-files-refresh': 'IntegrityUntrackedRefresh',
  'integrity-checksum-mismatch-refresh': 'IntegrityChecksumFilesRefresh',
  'integrity-missing-files-delete-all': 'IntegrityDeleteReports',
  'integrity-untracked-files-delete-all': 'IntegrityDeleteReports',
  'integrity-checksum-mismatch-delete-all': 'IntegrityDeleteReports',
};

/**
 * Options Immich gives some jobs. It passes a priority for person thumbnails too, but through a bulk add
 * that ignores it: recorded jobs have priority 0.
 * @param {string} job
 * @param {{id?: string}} data
 * @returns {{jobId?: string, deduplication?: {id: string}} | undefined}
 */
export function jobOptions(job, data) {
  switch (job) {
    case 'StorageTemplateMigrationSingle':
    case 'NotifyAlbumUpdate':
      return data.id ? { jobId: data.id } : undefined;
    case 'FacialRecognitionQueueAll':
      return { deduplication: { id: job } };
    default:
      return undefined;
  }
}
