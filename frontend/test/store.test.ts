import { describe, expect, it } from "vitest";
import { busy } from "../gallery/fixtures";
import { fakeHass } from "../gallery/home-assistant";
import { apply } from "../src/model";
import { entryFeed } from "../src/store";

describe("a delta", () => {
  it("replaces what it has and leaves everything else as the very same object", () => {
    const before = busy();
    const changed = { ...before.queues["ocr"]!, waiting: 1 };
    const after = apply(before, {
      waiting: 7,
      queues: { ocr: changed },
      stuck: { "faceDetection/1": null },
    });
    expect(after.waiting).toBe(7);
    expect(after.queues["ocr"]).toBe(changed);
    expect(after.queues["faceDetection"]).toBe(before.queues["faceDetection"]);
    expect(Object.keys(after.stuck)).toEqual(["faceDetection/2"]);
    expect(after.sparks).toBe(before.sparks);
    expect(Object.keys(before.stuck)).toHaveLength(2);
  });
});

describe("a feed", () => {
  it("shows a snapshot, then what changed, and says when the entry is unloaded", () => {
    const fake = fakeHass(busy());
    const feed = entryFeed(fake.hass, "entry");
    const stop = feed.listen(() => undefined);
    fake.send({ type: "snapshot", snapshot: busy() });
    fake.send({ type: "delta", delta: { waiting: 3 } });
    expect(feed.view).toMatchObject({
      status: "ready",
      snapshot: { waiting: 3 },
    });
    fake.send({
      type: "not_loaded",
      title: "Immich",
      state: "setup_retry",
      reason: null,
    });
    expect(feed.view).toEqual({
      status: "not_loaded",
      title: "Immich",
      state: "setup_retry",
      reason: null,
    });
    fake.send({ type: "delta", delta: { waiting: 4 } });
    expect(feed.view.status).toBe("not_loaded");
    stop();
  });

  it("is shared by all cards of a page", () => {
    const { hass } = fakeHass(busy());
    expect(entryFeed(hass, "entry")).toBe(entryFeed(hass, "entry"));
    expect(entryFeed(hass, "other")).not.toBe(entryFeed(hass, "entry"));
  });
});
