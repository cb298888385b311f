/**
 * Assets, their pictures, and the search that reveals whether machine learning works.
 */
import { createHash } from 'node:crypto';
import { picture } from '../shared/pictures.js';
import { HttpError, ValidationError, wrongOption } from './errors.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const SIZES = ['fullsize', 'preview', 'thumbnail'];
/** Immich remembers the embeddings of the last searches. */
const CACHED_SEARCHES = 100;

/**
 * @param {import('./http_server.js').Request} request
 * @param {import('./main.js').Context} context
 * @param {string} permission
 */
function findAsset({ params, account }, { library, state }, permission) {
  if (!UUID.test(params.id)) {
    throw new ValidationError([{ code: 'invalid_format', path: ['id'], message: 'Invalid UUID', legacy: 'id must be a UUID' }]);
  }
  const index = library.indexOf('asset', params.id);
  // All photos are the administrator's; Immich doesn't tell a foreign asset from an unknown one.
  if (index === undefined || index >= state.assets || state.deleted.includes(index) || !account?.admin) {
    throw new HttpError(400, `Not found or no ${permission} access`);
  }
  return library.asset(index);
}

/**
 * @param {import('../shared/library.js').Asset} asset
 * @param {import('./main.js').Context} context
 */
function describeAsset(asset, { library }) {
  const taken = asset.takenAt.toISOString();
  const offset = taken.replace('.000Z', '+00:00');
  const [city, state, country, latitude, longitude] = asset.place;
  const [make, model] = asset.camera;
  return {
    id: asset.id,
    createdAt: taken,
    ownerId: library.ownerId,
    owner: {
      id: library.ownerId,
      email: 'admin@example.com',
      name: 'Admin',
      profileImagePath: '',
      avatarColor: 'gray',
      profileChangedAt: '2026-01-01T08:00:00.000000+00:00',
    },
    libraryId: null,
    type: asset.type,
    originalPath: asset.originalPath,
    originalFileName: asset.originalFileName,
    originalMimeType: asset.mimeType,
    thumbhash: 'HkYCJYjJIkQ2lac9Z5d5IOsQDSQI',
    fileCreatedAt: taken,
    fileModifiedAt: taken,
    localDateTime: taken,
    updatedAt: taken,
    isFavorite: false,
    isArchived: false,
    isTrashed: false,
    visibility: 'timeline',
    duration: asset.type === 'VIDEO' ? '00:00:42.000000' : null,
    exifInfo: {
      make,
      model,
      exifImageWidth: asset.width,
      exifImageHeight: asset.height,
      fileSizeInByte: asset.fileSizeInByte,
      orientation: null,
      dateTimeOriginal: offset,
      modifyDate: offset,
      timeZone: 'UTC',
      lensModel: null,
      fNumber: null,
      focalLength: null,
      iso: null,
      exposureTime: null,
      latitude,
      longitude,
      city,
      state,
      country,
      description: '',
      projectionType: null,
      rating: null,
    },
    livePhotoVideoId: null,
    tags: [],
    people: [],
    checksum: createHash('sha1').update(asset.id).digest('base64'),
    stack: null,
    isOffline: false,
    hasMetadata: true,
    duplicateId: null,
    resized: true,
    width: asset.width,
    height: asset.height,
    isEdited: false,
  };
}

/** @type {Set<string>} */
const searched = new Set();

/**
 * @param {string} text
 * @param {import('./main.js').Context} context
 */
async function embed(text, { machineLearning }) {
  if (searched.has(text)) {
    return;
  }
  try {
    await machineLearning.predict('search', 10);
  } catch (error) {
    throw error instanceof Error ? new HttpError(500, 'Failed to search smart') : error;
  }
  searched.add(text);
  if (searched.size > CACHED_SEARCHES) {
    searched.delete([...searched][0]);
  }
}

/** @type {import('./http_server.js').Route[]} */
export const assetRoutes = [
  {
    method: 'GET',
    path: '/api/assets/{id}',
    permission: 'asset.read',
    handle: (request, context) => ({ json: describeAsset(findAsset(request, context, 'asset.read'), context) }),
  },
  {
    method: 'GET',
    path: '/api/assets/{id}/thumbnail',
    permission: 'asset.view',
    handle: (request, context) => {
      const size = request.query.get('size') ?? 'thumbnail';
      if (!SIZES.includes(size)) {
        throw new ValidationError([wrongOption(SIZES, 'size')]);
      }
      const asset = findAsset(request, context, 'asset.view');
      const bytes = picture(asset, size === 'thumbnail' ? 'thumbnail' : 'preview');
      const stem = asset.originalFileName.replace(/\.\w+$/, '');
      return {
        bytes,
        headers: {
          'Cache-Control': 'private, max-age=86400, no-transform, stale-while-revalidate=2592000, stale-if-error=2592000',
          'Content-Type': 'image/jpeg',
          'Content-Disposition': `inline; filename*=UTF-8''${stem}_${size}.jpeg`,
          'Accept-Ranges': 'bytes',
          'Last-Modified': asset.takenAt.toUTCString(),
          ETag: `W/"${bytes.length.toString(16)}-${asset.takenAt.getTime().toString(16)}"`,
        },
      };
    },
  },
  {
    method: 'POST',
    path: '/api/search/smart',
    permission: 'asset.read',
    handle: async ({ body }, context) => {
      await embed(String(body?.query ?? ''), context);
      const count = Math.max(1, Math.min(body?.size ?? 100, context.state.assets));
      const items = Array.from({ length: count }, (_, index) => describeAsset(context.library.asset(index), context));
      return {
        json: {
          albums: { total: 0, count: 0, items: [], facets: [] },
          assets: { total: count, count, items, facets: [], nextPage: '2' },
        },
      };
    },
  },
];
