import { describe, expect, it } from "vitest";
import { axis, gaps, mean, path, stack, sum, total } from "../src/cards/chart";

describe("stacked areas", () => {
  it("stand on each other", () => {
    const [low, high] = stack([
      [1, 2],
      [10, 20],
    ]);
    expect(low!.pieces).toEqual([
      [
        [0, 1],
        [1, 2],
        [1, 0],
        [0, 0],
      ],
    ]);
    expect(high!.pieces).toEqual([
      [
        [0, 11],
        [1, 22],
        [1, 2],
        [0, 1],
      ],
    ]);
  });

  it("break where nothing is known, and are never 0 there", () => {
    const [area] = stack([[1, 1, null, 2, 2]]);
    expect(area!.pieces).toHaveLength(2);
    expect(area!.pieces.flat().map(([x]) => x)).not.toContain(0.5);
    expect(stack([[null, null]])[0]!.pieces).toEqual([]);
    expect(stack([])).toEqual([]);
  });

  it("rest on what is known of those below", () => {
    const [, high] = stack([
      [null, 5, 5],
      [1, 1, 1],
    ]);
    expect(high!.pieces[0]!.slice(0, 3)).toEqual([
      [0, 1],
      [0.5, 6],
      [1, 6],
    ]);
  });

  it("show a value that stands alone", () => {
    const [area] = stack([[null, null, 4, null, null]]);
    expect(area!.pieces).toEqual([
      [
        [0.375, 4],
        [0.625, 4],
        [0.625, 0],
        [0.375, 0],
      ],
    ]);
    expect(stack([[7]])[0]!.pieces).toEqual([
      [
        [0, 7],
        [1, 7],
        [1, 0],
        [0, 0],
      ],
    ]);
  });

  it("become a path without NaN", () => {
    const [area] = stack([[0, 0, 0]]);
    expect(path(area!, axis(0).at(-1)!, 100, 10)).toBe("M0 10L50 10L100 10L100 10L50 10L0 10Z");
  });
});

it("an axis ends just above the highest value, in round steps", () => {
  expect(axis(460)).toEqual([0, 100, 200, 300, 400, 500]);
  expect(axis(500)).toEqual([0, 100, 200, 300, 400, 500]);
  expect(axis(7)).toEqual([0, 2, 4, 6, 8]);
  expect(axis(0.3)).toEqual([0, 0.1, 0.2, 0.3]);
  expect(axis(0)).toEqual([0, 1]);
  for (const highest of [0.001, 1, 2.4, 9.99, 13, 99, 101, 12_345, 1e7]) {
    const lines = axis(highest);
    expect(lines.at(-1)!).toBeGreaterThanOrEqual(highest * 0.99);
    expect(lines.length).toBeLessThanOrEqual(6);
  }
});

it("sums and means are of what is known, and not known where nothing is", () => {
  expect(
    total([
      [1, null, null],
      [2, 3, null],
    ]),
  ).toEqual([3, 3, null]);
  expect([sum([null]), sum([]), sum([null, 0])]).toEqual([null, null, 0]);
  expect([mean([null]), mean([1, null, 3]), mean([])]).toEqual([null, 2, null]);
});

it("a gap reaches from the last known moment to the next", () => {
  expect(gaps([1, null, null, 1, 1])).toEqual([[0, 0.75]]);
  expect(gaps([null, 1, 1])).toEqual([[0, 0.5]]);
  expect(gaps([1, 1, null])).toEqual([[0.5, 1]]);
  expect(gaps([0, 0])).toEqual([]);
});
