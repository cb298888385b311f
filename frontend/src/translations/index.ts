import deCommon from "./de/common.json";
import deGpuHost from "./de/gpu_host.json";
import deHeadline from "./de/headline.json";
import deHistory from "./de/history.json";
import deQueues from "./de/queues.json";
import deStuckJobs from "./de/stuck_jobs.json";
import enCommon from "./en/common.json";
import enGpuHost from "./en/gpu_host.json";
import enHeadline from "./en/headline.json";
import enHistory from "./en/history.json";
import enQueues from "./en/queues.json";
import enStuckJobs from "./en/stuck_jobs.json";

export type Words = { [key: string]: string | Words };

export const en: Words = {
  ...enCommon,
  gpu_host: enGpuHost,
  headline: enHeadline,
  history: enHistory,
  queues: enQueues,
  stuck_jobs: enStuckJobs,
};

export const de: Words = {
  ...deCommon,
  gpu_host: deGpuHost,
  headline: deHeadline,
  history: deHistory,
  queues: deQueues,
  stuck_jobs: deStuckJobs,
};
