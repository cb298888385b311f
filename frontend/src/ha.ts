/** The part of Home Assistant's frontend that the cards use. */

export type UnsubscribeFunc = () => void | Promise<void>;

export interface Connection {
  connected: boolean;
  addEventListener(event: "ready" | "disconnected", listener: () => void): void;
  removeEventListener(event: "ready" | "disconnected", listener: () => void): void;
  subscribeMessage<T>(
    callback: (message: T) => void,
    message: Record<string, unknown>,
    options?: { resubscribe?: boolean },
  ): Promise<UnsubscribeFunc>;
}

export interface HassEntity {
  entity_id: string;
  state: string;
  attributes: Record<string, unknown>;
}

export interface EntityRegistryDisplayEntry {
  entity_id: string;
  platform?: string;
  device_id?: string;
  translation_key?: string;
  hidden?: boolean;
}

export interface DeviceRegistryEntry {
  id: string;
  config_entries: string[];
}

export interface HomeAssistant {
  connection: Connection;
  states: Record<string, HassEntity | undefined>;
  entities: Record<string, EntityRegistryDisplayEntry | undefined>;
  devices?: Record<string, DeviceRegistryEntry | undefined>;
  language: string;
  locale: {
    language: string;
    number_format: string;
    time_format: "language" | "system" | "12" | "24";
    time_zone: "local" | "server";
  };
  config: { time_zone: string };
  user?: { is_admin: boolean };
  callWS<T>(message: Record<string, unknown>): Promise<T>;
  callService(
    domain: string,
    service: string,
    data?: Record<string, unknown>,
    target?: undefined,
    notifyOnError?: boolean,
    returnResponse?: boolean,
  ): Promise<{ response?: unknown }>;
}

export interface CardConfig {
  type: string;
  /** Which Immich; without it the first one. */
  entry_id?: string;
}

export interface GridOptions {
  columns?: number | "full";
  rows?: number | "auto";
  min_columns?: number;
  max_columns?: number;
  min_rows?: number;
}

export interface FormSchema {
  name: string;
  required?: boolean;
  selector: Record<string, unknown>;
}

/** What the card editor of Home Assistant is made of. */
export interface CardForm {
  schema: FormSchema[];
  computeLabel?: (schema: FormSchema) => string | undefined;
  computeHelper?: (schema: FormSchema) => string | undefined;
}

export interface WebSocketError {
  code: string;
  message: string;
  translation_key?: string;
  hidden?: boolean;
}

export function errorText(error: unknown): string {
  if (typeof error === "object" && error !== null && "message" in error) {
    return String(error.message);
  }
  return String(error);
}

/** Go to a page of Home Assistant without loading it anew. */
export function navigate(path: string): void {
  history.pushState(null, "", path);
  window.dispatchEvent(new CustomEvent("location-changed", { detail: { replace: false } }));
}

export function showMoreInfo(from: HTMLElement, entityId: string): void {
  from.dispatchEvent(
    new CustomEvent("hass-more-info", {
      detail: { entityId },
      bubbles: true,
      composed: true,
    }),
  );
}

/** For what is asked before any card gets a `hass`: pickers and editors. */
export function pageHass(): HomeAssistant {
  const page = document.querySelector("home-assistant") as (Element & { hass?: HomeAssistant }) | null;
  const locale = {
    language: navigator.language,
    number_format: "language",
    time_format: "language",
    time_zone: "local",
  };
  return page?.hass ?? ({ locale, config: { time_zone: "UTC" } } as HomeAssistant);
}
