import { describe, expect, it } from "vitest";
import { Localize } from "../src/localize";
import { de } from "../src/translations/de";
import { en, type Words } from "../src/translations/en";

function flat(words: Words, before = ""): Record<string, string> {
  return Object.entries(words).reduce<Record<string, string>>((found, [key, value]) => {
    const path = before ? `${before}.${key}` : key;
    return typeof value === "string" ? { ...found, [path]: value } : { ...found, ...flat(value, path) };
  }, {});
}

const placeholders = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

describe("the German texts", () => {
  const english = flat(en);
  const german = flat(de);

  /** A language may need a plural form where another one has none. */
  const keys = (words: Record<string, string>) => [
    ...new Set(Object.keys(words).map((key) => key.replace(/\.(one|other)$/, ""))),
  ];
  const inGerman = (key: string) =>
    german[key] ?? german[`${key}.other`] ?? german[key.replace(/\.(one|other)$/, "")] ?? "";

  it("are there for every English one, and no others", () => {
    expect(keys(german).sort()).toEqual(keys(english).sort());
  });

  it("have the same placeholders, except where a plural form says the number in words", () => {
    for (const [key, text] of Object.entries(english)) {
      const missing = placeholders(text).filter((name) => !placeholders(inGerman(key)).includes(name));
      const allowed = key.endsWith(".one") ? ["{count}"] : [];
      expect(
        missing.filter((name) => !allowed.includes(name)),
        key,
      ).toEqual([]);
    }
  });
});

describe("all texts", () => {
  const all = [...Object.entries(flat(en)), ...Object.entries(flat(de))];

  it("have no straight apostrophes, no three dots and no spaces at their ends", () => {
    expect(all.filter(([, text]) => /'|\.\.\.|^\s|\s$/.test(text))).toEqual([]);
  });

  it("keep numbers and units on one line", () => {
    expect(all.filter(([, text]) => /\} (min|s|h|GB|%)(?!\p{L})/u.test(text))).toEqual([]);
  });

  it("have both forms where they have one", () => {
    for (const [key] of all) {
      const [, path, form] = /^(.*)\.(one|other)$/.exec(key) ?? [];
      if (path) {
        expect(
          all.map(([other]) => other),
          key,
        ).toContain(`${path}.${form === "one" ? "other" : "one"}`);
      }
    }
  });
});

describe("a text", () => {
  it("takes its plural form from a count and shows it as it is to be read", () => {
    expect(new Localize("en").text("unit.day", { count: 1 })).toBe("1\u00a0day");
    expect(new Localize("de-AT").text("unit.day", { count: 2, shown: "2" })).toBe("2\u00a0Tage");
  });

  it("is English where a language is not known, and its key where nobody wrote it", () => {
    expect(new Localize("xx").text("action.cancel")).toBe("Cancel");
    expect(new Localize("de").text("no.such.text")).toBe("no.such.text");
  });
});
