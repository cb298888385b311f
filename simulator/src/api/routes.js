/** All routes of the API in normal operation. */
import { accountRoutes } from './account_routes.js';
import { assetRoutes } from './asset_routes.js';
import { configRoutes } from './config_routes.js';
import { jobRoutes } from './job_routes.js';
import { maintenanceStart } from './maintenance.js';
import { queueRoutes } from './queue_routes.js';
import { serverRoutes } from './server_routes.js';

/** @type {import('./http_server.js').Route[]} */
export const routes = [
  ...serverRoutes,
  ...accountRoutes,
  ...queueRoutes,
  ...jobRoutes,
  ...configRoutes,
  ...assetRoutes,
  ...maintenanceStart,
];
