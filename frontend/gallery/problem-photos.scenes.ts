import type { ProblemAsset } from "../src/model";
import { busy, NOW } from "./fixtures";
import { picture } from "./picture";
import type { Scene } from "./scene";

const HOUR = 3600_000;

export function problem(number: number, changes: Partial<ProblemAsset> = {}): ProblemAsset {
  return {
    asset_id: `asset${number}`,
    file_name: `IMG_${4520 + number}.jpg`,
    path: `/external/Photos/2019/July/IMG_${4520 + number}.jpg`,
    thumbnail: picture(number * 60),
    url: `https://immich.example/photos/${number}`,
    times_stuck: 4,
    last: NOW - number * 17 * HOUR,
    queues: ["faceDetection"],
    ...changes,
  };
}

const answer = (assets: ProblemAsset[]) => ({ "immich_admin_tools/problem_assets": () => assets });

const card = "immich-admin-tools-problem-photos";
export const scenes: Scene[] = [
  {
    title: "Some",
    card,
    width: 900,
    message: busy(),
    answers: answer([
      problem(1),
      problem(2, { queues: ["faceDetection", "ocr"], times_stuck: 11 }),
      problem(3, { file_name: null, path: null, thumbnail: null, url: null }),
      problem(4, {
        file_name: "<b>not bold</b>.jpg",
        path: `/upload/${"a-very-long-folder/".repeat(200)}x.jpg`,
        url: "javascript:alert(1)",
      }),
    ]),
  },
  { title: "None", card, message: busy(), answers: answer([]) },
  { title: "No answer", card, message: busy() },
];
