import type { Localize } from "../localize";

/** Why there is no answer, in words where we have them. */
export function problemText(problem: string, words: Localize): string {
  const key = `history.problem.${problem}`;
  return words.has(key) ? words.text(key) : problem;
}
