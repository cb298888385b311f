import { loadLanguage, Localize } from "./localize";
import { pageHass, type HomeAssistant } from "./ha";

interface CustomCard {
  type: string;
  name: string;
  description: string;
  preview?: boolean;
  documentationURL?: string;
  getEntitySuggestion?(hass: HomeAssistant, entityId: string): { config: Record<string, unknown> } | null;
}

interface CustomStrategy {
  type: string;
  strategyType: "dashboard" | "view";
  name: string;
  description: string;
  documentationURL?: string;
}

const listed = window as unknown as {
  customCards?: CustomCard[];
  customStrategies?: CustomStrategy[];
};

const DOCUMENTATION = "https://github.com/immich-admin-tools/immich-admin-tools";

function words(): Localize {
  return new Localize(pageHass().locale.language);
}

void loadLanguage(pageHass().locale.language);

/** Defines an element, unless a second copy of this file did: an old one may still be on the page. */
export function element(tag: string): (type: CustomElementConstructor) => void {
  return (type) => {
    if (!customElements.get(tag)) {
      customElements.define(tag, type);
    }
  };
}

/**
 * Register a card with Home Assistant's card picker.
 *
 * `about`: keys of its name and description. `suits`: whether it is worth suggesting for an entity of ours, by the
 * entity's translation key.
 */
export function registerCard(
  type: string,
  element: CustomElementConstructor,
  about: string,
  suits: (translationKey: string) => boolean,
): void {
  if (!customElements.get(type)) {
    customElements.define(type, element);
  }
  listed.customCards ??= [];
  if (listed.customCards.some((card) => card.type === type)) {
    return;
  }
  listed.customCards.push({
    type,
    get name() {
      return words().text(`${about}.name`);
    },
    get description() {
      return words().text(`${about}.description`);
    },
    preview: true,
    documentationURL: DOCUMENTATION,
    getEntitySuggestion(hass, entityId) {
      const entity = hass.entities[entityId];
      if (entity?.platform !== "immich_admin_tools" || !suits(entity.translation_key ?? "")) {
        return null;
      }
      return { config: { type: `custom:${type}` } };
    },
  });
}

export function registerStrategy(type: string, element: CustomElementConstructor, about: string): void {
  const tag = `ll-strategy-dashboard-${type}`;
  if (!customElements.get(tag)) {
    customElements.define(tag, element);
  }
  listed.customStrategies ??= [];
  if (listed.customStrategies.some((strategy) => strategy.type === type)) {
    return;
  }
  listed.customStrategies.push({
    type,
    strategyType: "dashboard",
    get name() {
      return words().text(`${about}.name`);
    },
    get description() {
      return words().text(`${about}.description`);
    },
    documentationURL: DOCUMENTATION,
  });
}
