// The palettes: those of the catalogue, by name, and one's own, which are their stops. The page's state has either as one text,
// and so have links and saved pictures. Own palettes that were kept under a name stay in this browser.

import { PALETTES } from "./palettes.js";
import { parseStops, stopsText } from "./stops.js";

/** @typedef {import("./colours.js").Stop} Stop */

const KEY = "tilebrot-palettes";
const MOST_KEPT = 50;
export const LONGEST_NAME = 40;

export class Palettes {
  /** @type {{ name: string, text: string }[]} */
  #kept = read();

  /** The palette as the state has it, or null where the text is none. @param {string} text */
  canonical = (text) => {
    if (PALETTES.some(({ name }) => name === text)) return text;
    const stops = parseStops(text);
    return stops && stopsText(stops);
  };

  /** What there is to choose from, and `current`. @param {string} current @returns {{ name: string, text: string }[]} */
  choices(current) {
    const known = [...PALETTES.map(({ name }) => ({ name, text: name })), ...this.#kept];
    return known.some(({ text }) => text === current) ? known : [...known, { name: "Its own", text: current }];
  }

  /** The name of an own palette that was kept. @param {string} text */
  keptName(text) {
    return this.#kept.find((kept) => kept.text === text)?.name ?? null;
  }

  /** A name for people. @param {string} text */
  nameOf(text) {
    return this.keptName(text) ?? (parseStops(text) ? "palette" : text);
  }

  /** Keeps an own palette under a name, in place of the one that had it. @param {string} name @param {string} text @throws with a sentence for people */
  keep(name, text) {
    const others = this.#kept.filter((kept) => kept.name !== name && kept.text !== text);
    if (others.length >= MOST_KEPT) throw new Error(`This browser keeps at most ${MOST_KEPT} palettes; delete one first.`);
    this.#kept = [...others, { name, text }];
    write(this.#kept);
  }

  /** @param {string} text */
  forget(text) {
    this.#kept = this.#kept.filter((kept) => kept.text !== text);
    write(this.#kept);
  }

  /** @param {string} text @returns {Stop[]} */
  stops(text) {
    const own = parseStops(text);
    if (own) return own;
    const { colours } = PALETTES.find(({ name }) => name === text) ?? PALETTES[0];
    return colours.map((colour, i) => ({ position: i / colours.length, colour: /** @type {[number, number, number]} */ (colour) }));
  }
}

/** A background that shows stops once around. @param {Stop[]} stops */
export function background(stops) {
  const [first, last] = [stops[0], stops[stops.length - 1]];
  const cycle = [{ ...last, position: last.position - 1 }, ...stops, { ...first, position: first.position + 1 }];
  const shown = cycle.map(({ position, colour }) => `rgb(${colour.join(" ")}) ${100 * position}%`).join(", ");
  const linear = `linear-gradient(to right in srgb-linear, ${shown})`;
  return CSS.supports("background", linear) ? linear : `linear-gradient(to right, ${shown})`;
}

/** @returns {{ name: string, text: string }[]} */
function read() {
  try {
    const list = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    const right = (/** @type {any} */ kept) => typeof kept?.name === "string" && typeof kept.text === "string" && parseStops(kept.text) !== null;
    return Array.isArray(list) ? list.filter(right).slice(0, MOST_KEPT).map(({ name, text }) => ({ name: name.slice(0, LONGEST_NAME), text })) : [];
  } catch {
    return [];
  }
}

/** @param {{ name: string, text: string }[]} list */
function write(list) {
  try {
    localStorage.setItem(KEY, JSON.stringify(list));
  } catch {
    // A browser that keeps nothing has them for as long as the page is open, and in every link.
  }
}
