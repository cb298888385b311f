import deCommon from "./de/common.json";
import deGpuHost from "./de/gpu_host.json";
import deHeadline from "./de/headline.json";
import deHistory from "./de/history.json";
import deQueues from "./de/queues.json";
import deStuckJobs from "./de/stuck_jobs.json";
import type { Words } from "./en";

export const de: Words = {
  ...deCommon,
  gpu_host: deGpuHost,
  headline: deHeadline,
  history: deHistory,
  queues: deQueues,
  stuck_jobs: deStuckJobs,
};
