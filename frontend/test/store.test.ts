import { describe, expect, it, vi } from "vitest";
import { busy } from "../gallery/fixtures";
import { fakeHass } from "../gallery/home-assistant";
import "../src/cards/headline";
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

  it("goes by the server's clock, from the first message on", () => {
    const fake = fakeHass(busy({ as_of: Date.now() - 3_600_000 }));
    const feed = entryFeed(fake.hass, "entry");
    const stop = feed.listen(() => undefined);
    fake.send({ type: "snapshot", snapshot: busy({ as_of: Date.now() - 3_600_000 }) });
    expect(Math.abs(feed.now() - (Date.now() - 3_600_000))).toBeLessThan(1_000);
    fake.send({ type: "snapshot", snapshot: busy({ as_of: Date.now() - 4_000 }) });
    // As old as a poll is no other clock.
    expect(Math.abs(feed.now() - Date.now())).toBeLessThan(1_000);
    stop();
  });

  it("calls what it shows old when a server keeps silent, and goes on when it speaks", () => {
    vi.useFakeTimers();
    const fake = fakeHass(busy());
    const feed = entryFeed(fake.hass, "entry");
    const stop = feed.listen(() => undefined);
    fake.send({ type: "snapshot", snapshot: busy() });
    vi.advanceTimersByTime(29_000);
    fake.send({ type: "delta", delta: { as_of: Date.now() } });
    vi.advanceTimersByTime(29_000);
    expect(feed.view.status).toBe("ready");
    vi.advanceTimersByTime(2_000);
    expect(feed.view).toMatchObject({ status: "disconnected", snapshot: { waiting: 91_003 } });
    fake.send({ type: "delta", delta: { waiting: 4 } });
    expect(feed.view).toMatchObject({ status: "ready", snapshot: { waiting: 4 } });
    fake.send({ type: "not_found" });
    expect(feed.view).toEqual({ status: "not_found" });
    stop();
    vi.useRealTimers();
  });

  it("subscribes once for each new connection, however often it is lost", async () => {
    vi.useFakeTimers();
    const fake = fakeHass(busy());
    const feed = entryFeed(fake.hass, "entry");
    const stop = feed.listen(() => undefined);
    await vi.advanceTimersByTimeAsync(0);
    for (let time = 1; time <= 10; time += 1) {
      fake.happen("disconnected");
      expect(feed.view.status).toBe("disconnected");
      fake.happen("ready");
      await vi.advanceTimersByTimeAsync(0);
      expect(feed.view.status).toBe("ready");
      expect(fake.subscriptions).toHaveLength(1 + time);
    }
    expect([fake.heard.ready.length, fake.heard.disconnected.length]).toEqual([1, 1]);
    stop();
    fake.happen("ready");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(fake.subscriptions).toHaveLength(11);
    expect([fake.heard.ready.length, fake.heard.disconnected.length]).toEqual([0, 0]);
    vi.useRealTimers();
  });

  it("asks again when it is refused, such as while Home Assistant starts", async () => {
    vi.useFakeTimers();
    const fake = fakeHass(busy());
    fake.refuse = { code: "unknown_command", message: "Unknown command." };
    const feed = entryFeed(fake.hass, "entry");
    const stop = feed.listen(() => undefined);
    await vi.advanceTimersByTimeAsync(0);
    expect(feed.view).toEqual({ status: "failed", message: "unknown_command" });
    await vi.advanceTimersByTimeAsync(6_000);
    expect(feed.view.status).toBe("failed");
    fake.refuse = null;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(feed.view.status).toBe("ready");
    fake.refuse = { code: "not_found", message: "" };
    fake.happen("ready");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(feed.view.status).toBe("not_found");
    const asked = fake.subscriptions.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(fake.subscriptions).toHaveLength(asked);
    stop();
    vi.useRealTimers();
  });
});

describe("a card without a choice", () => {
  it("goes on with another Immich when its own is removed", async () => {
    const fake = fakeHass(busy());
    const card = document.createElement("immich-admin-tools-headline") as HTMLElement & {
      hass: unknown;
      setConfig(config: object): void;
    };
    card.setConfig({ type: "custom:immich-admin-tools-headline" });
    card.hass = fake.hass;
    document.body.append(card);
    await new Promise((resolve) => setTimeout(resolve));
    expect(fake.subscriptions).toContain("entry");
    const other = { title: "Other", loaded: true, redis: true, gpu_hosts: [], problem_assets: 0 };
    fake.sendInstances([{ entry_id: "other", ...other }]);
    expect(fake.subscriptions).toContain("other");
    card.remove();
  });
});
