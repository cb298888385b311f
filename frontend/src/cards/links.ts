/** An address that may be opened; one that isn't of the web is none. */
export function webLink(address: string | null): string | null {
  return address && /^https?:\/\//i.test(address) ? address : null;
}
