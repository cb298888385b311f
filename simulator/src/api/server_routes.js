/**
 * What the server says about itself.
 */
import { readFileSync } from 'node:fs';

const MEDIA_TYPES = JSON.parse(readFileSync(new URL('../../data/media-types.json', import.meta.url), 'utf8'));
const GIB = 1024 ** 3;
const DISK_BYTES = 252 * GIB;

/** @param {number} bytes */
const gib = (bytes) => `${(bytes / GIB).toFixed(1)} GiB`;

/** @param {import('./main.js').Context} context */
function countAssets({ state, library }) {
  let videos = 0;
  for (let index = 0; index < state.assets; index++) {
    videos += library.isVideo(index) ? 1 : 0;
  }
  return { images: state.assets - videos, videos };
}

/** Sizes without summing up a million files: the mean of the library's sizes. @param {import('./main.js').Context} context */
function usage(context) {
  const { images, videos } = countAssets(context);
  const usagePhotos = images * 4_718_592;
  const usageVideos = videos * 230_686_720;
  return { photos: images, videos, usage: usagePhotos + usageVideos, usagePhotos, usageVideos };
}

/** @param {string} immich */
function version(immich) {
  const [major, minor, patch] = immich.split('.').map(Number);
  return immich === '2.7.5' ? { major, minor, patch } : { major, minor, patch, prerelease: null };
}

/** @type {import('./http_server.js').Route[]} */
export const openRoutes = [
  {
    method: 'GET',
    path: '/api/server/ping',
    open: true,
    withoutDatabase: true,
    handle: () => ({ json: { res: 'pong' } }),
  },
  {
    method: 'GET',
    path: '/api/server/version',
    open: true,
    withoutDatabase: true,
    handle: (_, { options }) => ({ json: version(options.immich) }),
  },
];

/** @type {import('./http_server.js').Route[]} */
export const serverRoutes = [
  ...openRoutes,
  {
    method: 'GET',
    path: '/api/server/config',
    open: true,
    handle: (_, { state: { config } }) => ({
      json: {
        loginPageMessage: config.server.loginPageMessage,
        trashDays: config.trash.days,
        userDeleteDelay: config.user.deleteDelay,
        oauthButtonText: config.oauth.buttonText,
        isInitialized: true,
        isOnboarded: false,
        externalDomain: config.server.externalDomain,
        publicUsers: config.server.publicUsers,
        mapDarkStyleUrl: config.map.darkStyle,
        mapLightStyleUrl: config.map.lightStyle,
        maintenanceMode: false,
        minFaces: config.machineLearning.facialRecognition.minFaces,
      },
    }),
  },
  {
    method: 'GET',
    path: '/api/server/features',
    open: true,
    handle: (_, { state: { config, configFile } }) => {
      const { enabled, clip, facialRecognition, duplicateDetection, ocr } = config.machineLearning;
      return {
        json: {
          smartSearch: enabled && clip.enabled,
          facialRecognition: enabled && facialRecognition.enabled,
          duplicateDetection: enabled && clip.enabled && duplicateDetection.enabled,
          map: config.map.enabled,
          reverseGeocoding: config.reverseGeocoding.enabled,
          importFaces: config.metadata.faces.import,
          sidecar: true,
          search: true,
          trash: config.trash.enabled,
          oauth: config.oauth.enabled,
          oauthAutoLaunch: config.oauth.autoLaunch,
          ocr: enabled && ocr.enabled,
          passwordLogin: config.passwordLogin.enabled,
          configFile,
          email: config.notifications.smtp.enabled,
          ...(config.ffmpeg.realtime && { realtimeTranscoding: config.ffmpeg.realtime.enabled }),
        },
      };
    },
  },
  {
    method: 'GET',
    path: '/api/server/about',
    permission: 'server.about',
    handle: (_, { options: { immich } }) => ({
      json: {
        version: `v${immich}`,
        versionUrl: `https://github.com/immich-app/immich/releases/tag/v${immich}`,
        licensed: false,
        nodejs: 'v24.21.0',
        exiftool: '13.59',
        ffmpeg: '5.1.9-0+deb12u1 Copyright (c) 2000-2026 the FFmpeg developers',
        libvips: '8.17.3',
        imagemagick: '',
      },
    }),
  },
  {
    method: 'GET',
    path: '/api/server/storage',
    permission: 'server.storage',
    handle: (_, context) => {
      const used = Math.min(usage(context).usage, DISK_BYTES - 5 * GIB);
      return {
        json: {
          diskAvailable: gib(DISK_BYTES - used),
          diskSize: gib(DISK_BYTES),
          diskUse: gib(used),
          diskAvailableRaw: DISK_BYTES - used,
          diskSizeRaw: DISK_BYTES,
          diskUseRaw: used,
          diskUsagePercentage: Math.round((used / DISK_BYTES) * 10_000) / 100,
        },
      };
    },
  },
  {
    method: 'GET',
    path: '/api/server/statistics',
    permission: 'server.statistics',
    admin: true,
    handle: (_, context) => {
      const numbers = usage(context);
      const user = { userId: context.library.ownerId, userName: 'Admin', ...numbers, quotaSizeInBytes: null };
      return { json: { ...numbers, usageByUser: [user] } };
    },
  },
  {
    method: 'GET',
    path: '/api/server/version-check',
    permission: 'server.versionCheck',
    admin: true,
    handle: () => ({ json: { checkedAt: null, releaseVersion: null } }),
  },
  {
    method: 'GET',
    path: '/api/server/version-history',
    open: true,
    handle: (_, { options, library }) => ({
      json: [{ id: library.id('key', 0), createdAt: '2026-01-01T08:00:00.000Z', version: options.immich }],
    }),
  },
  {
    method: 'GET',
    path: '/api/server/media-types',
    open: true,
    handle: () => ({ json: MEDIA_TYPES }),
  },
  {
    method: 'GET',
    path: '/api/assets/statistics',
    permission: 'asset.statistics',
    handle: (_, context) => {
      const { images, videos } = countAssets(context);
      return { json: { images, videos, total: images + videos } };
    },
  },
];
