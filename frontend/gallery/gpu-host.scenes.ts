import type { GpuHost, Queue } from "../src/model";
import { NOW, gpuHost, queue, snapshot } from "./fixtures";
import type { Scene } from "./scene";

const card = "immich-admin-tools-gpu-host";
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const pausedForIt: Record<string, Queue> = {
  ...snapshot().queues,
  smartSearch: queue("smartSearch", {
    state: "paused",
    pause: { by: "immich_admin_tools", reason: "gpu_offline", since: NOW - HOUR, until: null, host: "host" },
  }),
};

export const hosts: Record<string, Partial<GpuHost>> = {
  "Off, work is piling up": { state: "off", online: false, backlog: 340, wake_at_latest: NOW + 3 * HOUR },
  "Off, nothing to do": { state: "off", online: false, backlog: 0, active: 0, expected_run: null },
  "Off, not allowed yet": {
    state: "off",
    online: false,
    backlog: 1204,
    allowed_from: "22:00",
    allowed_to: "06:00",
    allowed_at: NOW + 472 * MINUTE,
    expected_run: 1500,
  },
  Waking: {
    state: "waking",
    online: false,
    tries: 1,
    signalled_at: NOW - 20 * SECOND,
    deadline: NOW + 70 * SECOND,
  },
  Booting: {
    state: "booting",
    online: false,
    tries: 1,
    signalled_at: NOW - 62 * SECOND,
    deadline: NOW + 240 * SECOND,
  },
  Working: {},
  "Awake, nothing to do": {
    state: "ready",
    backlog: 0,
    active: 0,
    idle_since: NOW - 7 * MINUTE,
    goes_off_at: NOW + 8 * MINUTE,
  },
  Draining: {
    state: "draining",
    active: 6,
    backlog: 212,
    since: NOW - 20 * SECOND,
    deadline: NOW + 280 * SECOND,
  },
  "Shutting down": {
    state: "shutting_down",
    active: 0,
    backlog: 0,
    since: NOW - 12 * SECOND,
    deadline: NOW + 108 * SECOND,
  },
  "Wake failed": {
    state: "wake_failed",
    online: false,
    tries: 3,
    signalled_at: NOW - 10 * MINUTE,
    deadline: NOW + 20 * MINUTE,
    trouble: "wake_failed",
  },
  "Gone while working": {
    state: "off",
    online: false,
    lost: true,
    since: NOW - 9 * MINUTE,
    skipped: { smartSearch: 7, faceDetection: 3 },
  },
  "Kept on by hand": {
    state: "ready",
    hold: "by_hand",
    backlog: 0,
    active: 0,
    idle_since: NOW - 70 * MINUTE,
  },
  "Woken by hand": { hold: "on" },
  "Off by hand": { state: "off", online: false, hold: "off", backlog: 340 },
  "Automatic off": { state: "off", online: false, automatic: false, backlog: 340 },
  "Other instance works": {
    state: "ready",
    backlog: 0,
    active: 0,
    reason: "other_instance_works",
    idle_since: NOW - 9 * MINUTE,
  },
  "Not known": { state: "off", since: null, online: null, backlog: null, awake: null },
  "Not drained": { trouble: "not_drained" },
  "Off failed": { state: "ready", trouble: "off_failed", backlog: 0, active: 0 },
  "Others unknown": {
    state: "ready",
    trouble: "others_unknown",
    backlog: 0,
    active: 0,
    reason: "other_instance_unknown",
  },
  "Can do nothing": {
    can_wake: false,
    can_switch_off: false,
    state: "off",
    online: false,
    backlog: null,
    awake: [],
  },
};

export const scenes: Scene[] = [
  ...Object.entries(hosts).map(([title, host]) => ({
    title,
    card,
    message: snapshot({
      gpu_hosts: { host: gpuHost(host) },
      ...(title.startsWith("Off") || title.startsWith("Gone") ? { queues: pausedForIt } : {}),
    }),
  })),
  {
    title: "Two hosts",
    card,
    message: snapshot({
      gpu_hosts: {
        host: gpuHost(),
        other: gpuHost({
          host_id: "other",
          name: "Old laptop with a very long name",
          state: "ready",
          backlog: 0,
        }),
      },
    }),
    config: { title: "GPU boxes" },
  },
  { title: "None", card, message: snapshot() },
  {
    title: "Not an admin",
    card,
    message: snapshot({ may_act: false, gpu_hosts: { host: gpuHost() } }),
    admin: false,
  },
  {
    title: "Immich doesn’t answer",
    card,
    message: snapshot({ unreachable_since: NOW - HOUR, as_of: NOW - HOUR, gpu_hosts: { host: gpuHost() } }),
  },
];
