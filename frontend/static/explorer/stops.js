// A palette of one's own, as the address has it: `0-000764_0.16-206bcb_0.42-edffff`, stops that ascend from 0 to 1.

/** @typedef {import("./colours.js").Stop} Stop */

export const MOST_STOPS = 32;
export const LEAST_STOPS = 2;
/** Positions have four decimals. */
const WHOLE = 10_000;

/** @param {[number, number, number]} colour */
export const hexOf = (colour) => colour.map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {number} position */
export const roundedPosition = (position) => Math.round(Math.min(1, Math.max(0, position)) * WHOLE) / WHOLE;

/** The text of stops, the same for the same palette. @param {Stop[]} stops */
export const stopsText = (stops) => stops.map(({ position, colour }) => `${roundedPosition(position)}-${hexOf(colour)}`).join("_");

/** The stops of a text, or null where the services would refuse it. @param {string} text @returns {Stop[] | null} */
export function parseStops(text) {
  /** @type {Stop[]} */
  const stops = [];
  for (const part of text.split("_", MOST_STOPS + 1)) {
    const found = /^(\d{1,4}(?:\.\d{1,4})?)-#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(part);
    if (!found) return null;
    const colour = /** @type {[number, number, number]} */ (found.slice(2).map((byte) => parseInt(byte, 16)));
    stops.push({ position: Number(found[1]), colour });
  }
  const ascend = stops.every(({ position }, i) => position <= 1 && (i === 0 || stops[i - 1].position <= position));
  return ascend && stops.length >= LEAST_STOPS && stops.length <= MOST_STOPS ? stops : null;
}
