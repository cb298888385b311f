/**
 * Every card in every state, without Home Assistant: `npm run gallery`, then
 * `?card=queues&theme=dark&language=de&width=390`. Each card's states are in a file of its own here.
 */
import "./home-assistant";
import "../src/index";
import { loadLanguage } from "../src/localize";
import { fakeHass } from "./home-assistant";
import type { Scene } from "./scene";

const scenes = import.meta.glob<{ scenes: Scene[] }>("./*.scenes.ts", {
  eager: true,
});
const wanted = new URLSearchParams(location.search);
await loadLanguage(wanted.get("language") ?? "en");
document.documentElement.classList.toggle("dark", wanted.get("theme") === "dark");

for (const [file, { scenes: list }] of Object.entries(scenes)) {
  if (wanted.has("card") && !file.includes(`/${wanted.get("card")}.`)) {
    continue;
  }
  for (const scene of list) {
    if (wanted.has("scene") && wanted.get("scene") !== scene.title) {
      continue;
    }
    const figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    caption.textContent = scene.title;
    const card = document.createElement(scene.card) as HTMLElement & {
      hass: unknown;
      setConfig(config: object): void;
    };
    figure.style.width = `${wanted.get("width") ?? scene.width ?? 380}px`;
    figure.append(caption, card);
    document.querySelector("main")?.append(figure);
    card.setConfig({ type: `custom:${scene.card}`, ...scene.config });
    card.hass = fakeHass(scene.message, {
      language: wanted.get("language") ?? "en",
      admin: scene.admin ?? true,
      answers: scene.answers ?? {},
    }).hass;
  }
}
