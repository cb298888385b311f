/** Stands for a photo. */
export function picture(hue: number): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="hsl(${hue} 60% 70%)"/><circle cx="6" cy="3" r="1.5" fill="hsl(${hue + 40} 80% 85%)"/><path d="M0 9l3-5 2 3 2-2 2 4z" fill="hsl(${hue} 40% 35%)"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
