/** What a stack of areas is drawn of. A null is not known: a gap, never 0. */
export interface Area {
  /** Pieces of known values; each is a closed shape of points [x 0 to 1, y in values]. */
  pieces: [x: number, y: number][][];
}

export type Values = (number | null)[];

/** Stacks series, the first one at the bottom. What isn't known adds nothing to those above it. */
export function stack(series: Values[]): Area[] {
  const length = Math.max(0, ...series.map((values) => values.length));
  const floor = new Array<number>(length).fill(0);
  return series.map((values) => {
    const pieces: [number, number][][] = [];
    for (const [from, to] of known(values)) {
      const top: [number, number][] = [];
      const bottom: [number, number][] = [];
      for (let index = from; index <= to; index += 1) {
        const x = place(index, length);
        const y = floor[index]!;
        bottom.unshift([x, y]);
        top.push([x, y + values[index]!]);
        floor[index] = y + values[index]!;
      }
      pieces.push(from === to ? widened(top[0]!, bottom[0]!, length) : [...top, ...bottom]);
    }
    return { pieces };
  });
}

/** The sum of what is known at each moment; null where nothing is. */
export function total(series: Values[]): Values {
  const length = Math.max(0, ...series.map((values) => values.length));
  return Array.from({ length }, (_, index) => sum(series.map((values) => values[index] ?? null)));
}

export function sum(values: Values): number | null {
  const numbers = values.filter((value): value is number => value !== null);
  return numbers.length ? numbers.reduce((all, value) => all + value, 0) : null;
}

export function mean(values: Values): number | null {
  const numbers = values.filter((value): value is number => value !== null);
  return numbers.length ? numbers.reduce((all, value) => all + value, 0) / numbers.length : null;
}

/** Where nothing is known, from the last known moment to the next, 0 to 1. */
export function gaps(values: Values): [from: number, to: number][] {
  const unknown = known(values.map((value) => (value === null ? 0 : null)));
  return unknown.map(([from, to]) => [
    place(Math.max(0, from - 1), values.length),
    place(Math.min(values.length - 1, to + 1), values.length),
  ]);
}

/** Lines of an axis from 0 to just above the highest value, at most five steps. */
export function axis(highest: number): number[] {
  if (!(highest > 0)) {
    return [0, 1];
  }
  const rough = highest / 5;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * size).find((each) => each * 5 >= highest * 0.999)!;
  const count = Math.max(1, Math.ceil((highest * 0.999) / step));
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

export function path(area: Area, top: number, width: number, height: number): string {
  const at = ([x, y]: [number, number]) => `${round(x * width)} ${round(height - (y / top) * height)}`;
  return area.pieces.map((piece) => `M${piece.map(at).join("L")}Z`).join("");
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function place(index: number, length: number): number {
  return length > 1 ? index / (length - 1) : 0.5;
}

/** A value that stands alone has no width: half a step to each side. */
function widened([x, y]: [number, number], [, floor]: [number, number], length: number): [number, number][] {
  const half = length > 1 ? 0.5 / (length - 1) : 0.5;
  const from = Math.max(0, x - half);
  const to = Math.min(1, x + half);
  return [
    [from, y],
    [to, y],
    [to, floor],
    [from, floor],
  ];
}

/** First and last index of each run of known values. */
function known(values: Values): [number, number][] {
  const runs: [number, number][] = [];
  values.forEach((value, index) => {
    if (value === null) {
      return;
    }
    const run = runs.at(-1);
    if (run && run[1] === index - 1) {
      run[1] = index;
    } else {
      runs.push([index, index]);
    }
  });
  return runs;
}
