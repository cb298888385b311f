import type { ReactiveController, ReactiveControllerHost } from "lit";

/**
 * What Home Assistant answers to a question, asked again every some seconds, but only while the page is seen. An answer
 * that is overtaken by another question is dropped; the one before stays on show until the next.
 */
export class Query<T> implements ReactiveController {
  value: T | null = null;
  /** The code of why there is no answer. */
  problem: string | null = null;
  private asked = 0;
  private at = 0;
  private connected = false;
  private timer: ReturnType<typeof setInterval> | undefined;

  /** `ask` returns null while it isn't known yet what to ask. */
  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly ask: () => Promise<T> | null,
    private readonly seconds: number,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.connected = true;
    this.timer = setInterval(() => this.ifDue(), 5_000);
    document.addEventListener("visibilitychange", this.ifDue);
    this.ifDue();
  }

  hostDisconnected(): void {
    this.connected = false;
    clearInterval(this.timer);
    document.removeEventListener("visibilitychange", this.ifDue);
  }

  /** Forget the answer: the question became another one. */
  reset(): void {
    this.value = null;
    this.problem = null;
    void this.refresh();
  }

  async refresh(): Promise<void> {
    const number = (this.asked += 1);
    const answer = this.connected ? this.ask() : null;
    if (!answer) {
      return;
    }
    this.at = Date.now();
    try {
      const value = await answer;
      if (number === this.asked) {
        this.value = value;
        this.problem = null;
      }
    } catch (error) {
      if (number === this.asked) {
        // A number is Home Assistant's own code of a lost connection.
        const { code, message } = (error ?? {}) as { code?: string | number; message?: string };
        this.problem = typeof code === "string" ? code : (message ?? "");
      }
    }
    this.host.requestUpdate();
  }

  private ifDue = (): void => {
    const due = Date.now() - this.at >= this.seconds * 1000;
    if (due && document.visibilityState !== "hidden") {
      void this.refresh();
    }
  };
}
