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
