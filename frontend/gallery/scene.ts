import type { Snapshot, SubscriptionMessage } from "../src/model";

export interface Scene {
  title: string;
  /** Tag of the card. */
  card: string;
  message: Snapshot | SubscriptionMessage;
  width?: number;
  admin?: boolean;
  config?: Record<string, unknown>;
  answers?: Record<string, (message: Record<string, unknown>) => unknown>;
}
