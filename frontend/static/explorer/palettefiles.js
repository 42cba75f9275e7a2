// Files of palettes: `.map` (Fractint), `.gpl` (GIMP), `.ugr` (Ultra Fractal) and JSON, in and out.

import { decode, encode, gradient } from "./colours.js";
import { LEAST_STOPS, MOST_STOPS, roundedPosition } from "./stops.js";

/** @typedef {import("./colours.js").Stop} Stop */

/** No file of a palette is longer, or has more colours. */
const MOST_BYTES = 1 << 20;
const MOST_READ = 1024;
/** Lines of a file that lists colours. */
const LISTED = 256;
/** Less than this of linear light is no difference to see: a step of a dark sRGB byte. */
const LEAST_SEEN = 1 / 3294;

export const KINDS = ["json", "map", "gpl", "ugr"];

/** @param {string} name */
export const isPaletteFile = (name) => KINDS.includes(name.toLowerCase().split(".").pop() ?? "");

/**
 * The stops of a file, at most as many as an address has, and how many the file had.
 * @param {File} file
 * @returns {Promise<{ stops: Stop[], had: number }>}
 * @throws with a sentence for people
 */
export async function readPalette(file) {
  if (file.size > MOST_BYTES) throw new Error("a palette has at most a megabyte.");
  const text = await file.text();
  const kind = file.name.toLowerCase().split(".").pop();
  const read = kind === "json" ? fromJson(text) : kind === "ugr" ? fromUgr(text) : fromLines(text);
  if (read.length < LEAST_STOPS) throw new Error("accepted are .map, .gpl, .ugr and .json files of at least two colours.");
  return { stops: fewer(read).map(({ position, colour }) => ({ position: roundedPosition(position), colour })), had: read.length };
}

/** A file's text. @param {string} kind of `KINDS` @param {string} name @param {Stop[]} stops */
export function writePalette(kind, name, stops) {
  if (kind === "json") return JSON.stringify({ name, stops: stops.map(({ position, colour }) => ({ position, colour })) }, null, 1);
  const plain = name.replace(/[^\w .-]/g, "_");
  if (kind === "ugr") {
    // A cycle has 400 places, of which the last leads to the first.
    const rows = stops.map(({ position, colour: [red, green, blue] }) => `  index=${Math.min(399, Math.round(400 * position))} color=${red + 256 * green + 65536 * blue}`);
    return `${plain.replace(/\W/g, "_")} {\ngradient:\n  title="${plain}" smooth=no\n${rows.join("\n")}\n}\n`;
  }
  const light = gradient(stops);
  const rows = Array.from({ length: LISTED }, (_, i) => {
    const at = (i * light.length) / LISTED;
    return [0, 1, 2].map((channel) => `${encode(light[at + channel])}`.padStart(3)).join(" ");
  });
  return kind === "gpl" ? `GIMP Palette\nName: ${plain}\nColumns: 16\n#\n${rows.join("\n")}\n` : `${rows.join("\n")}\n`;
}

/**
 * The stops that matter most: one after the other, that which lies farthest from the line between its neighbours.
 * @param {Stop[]} stops ascending
 */
function fewer(stops) {
  const light = stops.map(({ colour }) => colour.map(decode));
  const kept = new Set([0, stops.length - 1]);
  while (kept.size < Math.min(MOST_STOPS, stops.length)) {
    const order = [...kept].sort((a, b) => a - b);
    let [farthest, most] = [-1, LEAST_SEEN];
    for (let i = 1; i < order.length; i += 1) {
      const [left, right] = [order[i - 1], order[i]];
      const reach = stops[right].position - stops[left].position;
      for (let between = left + 1; between < right; between += 1) {
        const share = reach === 0 ? 0 : (stops[between].position - stops[left].position) / reach;
        const off = Math.max(...light[between].map((own, c) => Math.abs(own - light[left][c] - (light[right][c] - light[left][c]) * share)));
        if (off > most) [farthest, most] = [between, off];
      }
    }
    if (farthest < 0) break;
    kept.add(farthest);
  }
  return stops.filter((_, i) => kept.has(i));
}

/** Colours evenly spread. @param {[number, number, number][]} colours @returns {Stop[]} */
function spread(colours) {
  const right = colours.filter((colour) => colour.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255)).slice(0, MOST_READ);
  return right.map((colour, i) => ({ position: i / right.length, colour }));
}

/** Three numbers a line, whatever else the line says. @param {string} text */
function fromLines(text) {
  const lines = [...text.matchAll(/^\s*(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})\b/gm)];
  return spread(lines.map(([, ...bytes]) => /** @type {[number, number, number]} */ (bytes.map(Number))));
}

/** `index=` from 0 to 399 around the cycle, `color=` as blue, green and red of one number; the first gradient of the file. @param {string} text */
function fromUgr(text) {
  const pairs = [...text.split("}", 1)[0].matchAll(/index=(-?\d+)\s+color=(\d+)/g)].slice(0, MOST_READ);
  const stops = pairs.map(([, index, colour]) => ({
    position: (((Number(index) % 400) + 400) % 400) / 400,
    colour: /** @type {[number, number, number]} */ ([Number(colour) & 255, (Number(colour) >> 8) & 255, (Number(colour) >> 16) & 255]),
  }));
  return stops.sort((a, b) => a.position - b.position);
}

/** @param {string} text @returns {Stop[]} */
function fromJson(text) {
  const accepted = new Error("accepted is { stops: [{ position: 0 to 1, colour: [r, g, b] }, …] }.");
  let stops;
  try {
    ({ stops } = JSON.parse(text));
  } catch {
    throw accepted;
  }
  const byte = (/** @type {unknown} */ value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 255;
  const right = (/** @type {any} */ stop) =>
    stop?.position >= 0 && stop.position <= 1 && Array.isArray(stop.colour) && stop.colour.length === 3 && stop.colour.every(byte);
  if (!Array.isArray(stops) || stops.length > MOST_READ || !stops.every(right)) throw accepted;
  return [...stops].sort((a, b) => a.position - b.position);
}
