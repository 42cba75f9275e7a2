// The palettes: those that the workers have, and one that was brought along, which colours this page alone.

import { PALETTES } from "./palettes.js";

/** @typedef {import("./colours.js").Stop} Stop */

/** No file of a palette is longer. */
const MOST_BYTES = 1 << 20;
const MOST_STOPS = 1024;

export class Palettes {
  /** @type {Stop[] | null} */
  #brought = null;

  names() {
    return PALETTES.map(({ name }) => name);
  }

  /** @param {string} name @returns {Stop[]} */
  stops(name) {
    return this.#brought ?? this.#own(name);
  }

  /** @param {string} name @returns {Stop[]} */
  #own(name) {
    const palette = PALETTES.find((palette) => palette.name === name) ?? PALETTES[0];
    return palette.colours.map((colour, i) => ({ position: i / palette.colours.length, colour: /** @type {[number, number, number]} */ (colour) }));
  }

  /** A background that shows it. @param {string} name */
  css(name) {
    const stops = this.#own(name);
    const shown = [...stops, { ...stops[0], position: 1 }].map(({ position, colour }) => `rgb(${colour.join(" ")}) ${100 * position}%`);
    return `linear-gradient(to right, ${shown.join(", ")})`;
  }

  /** Colours the page with these stops, or again with its own. @param {Stop[] | null} stops */
  preview(stops) {
    this.#brought = stops;
  }

  /** The stops of a file: `.map` (Fractint), `.gpl` (GIMP), `.ugr` (Ultra Fractal) or JSON. @param {File} file */
  async read(file) {
    if (file.size > MOST_BYTES) throw new Error("a palette has at most a megabyte");
    const text = await file.text();
    const kind = file.name.toLowerCase().split(".").pop();
    const stops = kind === "json" ? fromJson(text) : kind === "ugr" ? fromUgr(text) : fromLines(text);
    if (stops.length < 2) throw new Error("accepted are .map, .gpl, .ugr and .json files of at least two colours");
    return stops;
  }

  /** Saves the palette as JSON that `read` takes. @param {string} name */
  save(name) {
    const stops = this.stops(name).map(({ position, colour }) => ({ position, colour }));
    download(`${name}.json`, "application/json", JSON.stringify({ name, stops }, null, 1));
  }
}

/** @param {string} name @param {string} type @param {string} text */
export function download(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Colours evenly spread, at most as many as a gradient needs. @param {[number, number, number][]} colours @returns {Stop[]} */
function spread(colours) {
  const right = colours.filter((colour) => colour.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255)).slice(0, MOST_STOPS);
  return right.map((colour, i) => ({ position: i / right.length, colour }));
}

/** Three numbers a line, whatever else the line says. @param {string} text */
function fromLines(text) {
  const lines = [...text.matchAll(/^\s*(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})\b/gm)];
  return spread(lines.map(([, ...bytes]) => /** @type {[number, number, number]} */ (bytes.map(Number))));
}

/** `index=` from 0 to 399 around the cycle, `color=` as blue, green and red of one number. @param {string} text */
function fromUgr(text) {
  const pairs = [...text.matchAll(/index=(-?\d+)\s+color=(\d+)/g)].slice(0, MOST_STOPS);
  const stops = pairs.map(([, index, colour]) => ({
    position: (((Number(index) % 400) + 400) % 400) / 400,
    colour: /** @type {[number, number, number]} */ ([Number(colour) & 255, (Number(colour) >> 8) & 255, (Number(colour) >> 16) & 255]),
  }));
  return stops.sort((a, b) => a.position - b.position);
}

/** @param {string} text */
function fromJson(text) {
  const { stops } = JSON.parse(text);
  const right = (/** @type {any} */ stop) =>
    stop.position >= 0 && stop.position <= 1 && stop.colour?.length === 3 && stop.colour.every((/** @type {number} */ byte) => byte >= 0 && byte <= 255);
  if (!Array.isArray(stops) || stops.length > MOST_STOPS || !stops.every(right)) throw new Error("accepted is { stops: [{ position: 0 to 1, colour: [r, g, b] }, …] }");
  return [...stops].sort((a, b) => a.position - b.position);
}
