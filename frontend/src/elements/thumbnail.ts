import { css, html, LitElement, nothing } from "lit";
import { property, state } from "lit/decorators.js";
import type { Connection, HomeAssistant } from "../ha";
import { tokens } from "../styles";
import { element } from "../registry";

/** s that a signed path is good for. */
const GOOD_FOR = 3600;

const signed = new Map<string, { url: Promise<string>; until: number }>();
const watched = new WeakSet<Connection>();

/** A path that the browser may fetch without a header; asked for once an hour. */
function sign(hass: HomeAssistant, path: string): Promise<string> {
  if (!watched.has(hass.connection)) {
    watched.add(hass.connection);
    // Home Assistant signs with another secret after each start.
    hass.connection.addEventListener("ready", () => signed.clear());
  }
  const known = signed.get(path);
  if (known && known.until > Date.now()) {
    return known.url;
  }
  const url = hass
    .callWS<{ path: string }>({
      type: "auth/sign_path",
      path,
      expires: GOOD_FOR,
    })
    .then((answer) => answer.path);
  signed.set(path, { url, until: Date.now() + (GOOD_FOR - 300) * 1000 });
  url.catch(() => signed.delete(path));
  return url;
}

/** The picture of a photo; an icon where there is none. */
@element("immich-tools-thumbnail")
export class Thumbnail extends LitElement {
  @property({ attribute: false }) hass!: HomeAssistant;
  @property() path: string | null = null;
  @property() alt = "";
  @property() fallback = "mdi:image-off-outline";
  @state() private url: string | null = null;

  static override styles = [
    tokens,
    css`
      :host {
        display: flex;
        align-items: center;
        justify-content: center;
        flex: none;
        width: var(--iat-thumbnail-size, 88px);
        height: var(--iat-thumbnail-size, 88px);
        overflow: hidden;
        border-radius: 8px;
        background: var(--iat-neutral-tint);
        color: var(--iat-secondary);
      }
      img {
        width: 100%;
        height: 100%;
        object-fit: cover;
      }
    `,
  ];

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("path")) {
      this.url = null;
      void this.load(this.path);
    }
  }

  private async load(path: string | null): Promise<void> {
    if (!path) {
      return;
    }
    try {
      const url = await sign(this.hass, path);
      if (path === this.path) {
        this.url = url;
      }
    } catch {
      // The icon stays.
    }
  }

  protected override render() {
    if (!this.url) {
      return html`<ha-icon .icon=${this.fallback} aria-hidden="true"></ha-icon>`;
    }
    return html`<img src=${this.url} alt=${this.alt || nothing} loading="lazy" @error=${this.failed} />`;
  }

  private failed = (): void => {
    this.url = null;
  };
}
