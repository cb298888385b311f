/** What is around a card: the dashboard it is on, and the other cards of it. */

interface Lovelace {
  urlPath?: string | null;
  config?: { views?: { path?: string }[] };
}

type MaybeCard = HTMLElement & {
  lovelace?: Lovelace;
  config?: { entry_id?: string; host_id?: string } | null;
};

function parentOf(node: Node): Node | null {
  return node.parentNode instanceof ShadowRoot ? node.parentNode.host : node.parentNode;
}

/** The path of a view of the dashboard that a card is on; null where there is none, as on another dashboard. */
export function viewPath(from: Node, view: string): string | null {
  for (let at: Node | null = from; at; at = parentOf(at)) {
    const lovelace = (at as MaybeCard).lovelace;
    if (lovelace?.config?.views) {
      const has = lovelace.config.views.some(({ path }) => path === view);
      return has ? `/${lovelace.urlPath ?? "lovelace"}/${view}` : null;
    }
  }
  return null;
}

/**
 * A card of ours that can be seen on this page. Of several, the first one that `suits`: one that isn't told which Immich
 * it shows suits any.
 */
export function findCard(
  tag: string,
  suits: (config: { entry_id?: string; host_id?: string }) => boolean = () => true,
): HTMLElement | null {
  const found: MaybeCard[] = [];
  collect(document, tag, found);
  const visible = found.filter((card) => card.checkVisibility?.() ?? true);
  return visible.find((card) => suits(card.config ?? {})) ?? null;
}

function collect(root: ParentNode, tag: string, found: MaybeCard[]): void {
  for (const element of root.querySelectorAll<HTMLElement>("*")) {
    if (element.localName === tag) {
      found.push(element);
    } else if (element.shadowRoot) {
      collect(element.shadowRoot, tag, found);
    }
  }
}

/** Bring a card into view and let the keyboard go on from there. */
export function goTo(card: HTMLElement): void {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  card.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "nearest" });
  if (!card.hasAttribute("tabindex")) {
    card.tabIndex = -1;
  }
  card.focus({ preventScroll: true });
}

/** Open the stuck card of this page. The event is for what may be around: true when somebody took it. */
export function showStuck(from: HTMLElement, entryId: string, queue: string | null): boolean {
  const event = new CustomEvent("immich-tools-show-stuck", {
    detail: { entry_id: entryId, queue },
    bubbles: true,
    composed: true,
    cancelable: true,
  });
  const taken = !from.dispatchEvent(event);
  const card = taken
    ? null
    : findCard("immich-admin-tools-stuck-jobs", (config) => (config.entry_id ?? entryId) === entryId);
  if (card) {
    goTo(card);
  }
  return taken || card !== null;
}
