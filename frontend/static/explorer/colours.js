// How does a count become a colour? As the workers do it: mixed in linear light between the stops of a cyclic
// palette, at t = offset + density · √μ / 8, by a table of 4,096 entries.

import { TILE } from "./plane.js";

const ENTRIES = 4096;
const QUANTILES = 257;
/** As wide as 1 of tanh, in pixels; and the lamp of slopes, 45° above the horizontal, that high. */
const SOFTNESS = 2;
const LAMP_HEIGHT = 1.5;

/** @typedef {{ position: number, colour: [number, number, number] }} Stop */

/** Linear light of an sRGB byte, from 0 to 1. @param {number} byte */
export function decode(byte) {
  const encoded = byte / 255;
  return encoded <= 0.04045 ? encoded / 12.92 : ((encoded + 0.055) / 1.055) ** 2.4;
}

/** The sRGB byte of linear light. @param {number} light */
export function encode(light) {
  const encoded = light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055;
  return Math.floor(encoded * 255 + 0.5);
}

/** The sRGB byte of light in 4,095ths, for what is dimmed. */
const ENCODED = Uint8Array.from({ length: ENTRIES }, (_, light) => encode(light / (ENTRIES - 1)));

/**
 * Linear light, three floats an entry, once around the palette.
 * @param {Stop[]} stops ascending from 0 to 1
 */
export function gradient(stops) {
  const [first, last] = [stops[0], stops[stops.length - 1]];
  const cycle = [{ ...last, position: last.position - 1 }, ...stops, { ...first, position: first.position + 1 }];
  const light = new Float32Array(3 * ENTRIES);
  let next = 1;
  for (let entry = 0; entry < ENTRIES; entry += 1) {
    const at = entry / ENTRIES;
    while (next < cycle.length - 1 && cycle[next].position <= at) next += 1;
    const [left, right] = [cycle[next - 1], cycle[next]];
    const share = right.position === left.position ? 1 : (at - left.position) / (right.position - left.position);
    for (let channel = 0; channel < 3; channel += 1) {
      const [from, to] = [decode(left.colour[channel]), decode(right.colour[channel])];
      light[3 * entry + channel] = from + (to - from) * share;
    }
  }
  return light;
}

/** @param {number} red @param {number} green @param {number} blue */
const packed = (red, green, blue) => (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;

/** @param {string} hex */
export const rgbOf = (hex) => /** @type {[number, number, number]} */ ([1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));

/**
 * Paints tiles with one set of colours.
 */
export class Brush {
  /**
   * @param {import("./state.js").Colours} colours
   * @param {Float32Array} light from `gradient`
   * @param {number} degree of the formula
   * @param {Float64Array | null} quantiles of the window, for histogram colouring
   */
  constructor(colours, light, degree, quantiles) {
    this.colours = colours;
    this.light = light;
    this.degree = degree;
    this.quantiles = quantiles;
    this.table = new Uint32Array(ENTRIES);
    for (let entry = 0; entry < ENTRIES; entry += 1) {
      this.table[entry] = packed(encode(light[3 * entry]), encode(light[3 * entry + 1]), encode(light[3 * entry + 2]));
    }
    this.interior = packed(...rgbOf(colours.interior));
  }

  /**
   * The pixels of a tile's counts.
   * @param {Float32Array} counts
   * @param {Uint32Array} out
   */
  paint(counts, out) {
    const { density, offset, colouring } = this.colours;
    if (colouring === "distance" || colouring === "slope") {
      this.shade(counts, out);
      return;
    }
    const ranked = colouring === "histogram" && this.quantiles;
    const bands = colouring === "bands";
    for (let i = 0; i < counts.length; i += 1) {
      const count = counts[i];
      if (count === Infinity) {
        out[i] = this.interior;
      } else {
        const at = ranked ? rank(ranked, count) : Math.sqrt(Math.max(0, bands ? Math.floor(count) : count)) / 8;
        out[i] = this.table[Math.floor((offset + density * at) * ENTRIES) & (ENTRIES - 1)];
      }
    }
  }

  /**
   * Slopes and distances follow from how the counts change from pixel to pixel: with p the degree, the exterior distance
   * is 2 / (ln p · |∇μ|) pixels, and ∇μ points into the set.
   * @param {Float32Array} counts
   * @param {Uint32Array} out
   */
  shade(counts, out) {
    const { density, offset, colouring } = this.colours;
    const slope = colouring === "slope";
    const reach = 2 / Math.log(this.degree) / SOFTNESS;
    for (let i = 0; i < counts.length; i += 1) {
      const count = counts[i];
      if (count === Infinity) {
        out[i] = this.interior;
        continue;
      }
      const x = i % TILE;
      const right = difference(counts, count, x > 0 ? i - 1 : i, x < TILE - 1 ? i + 1 : i);
      const down = difference(counts, count, i >= TILE ? i - TILE : i, i < TILE * (TILE - 1) ? i + TILE : i);
      const length = Math.hypot(right, down);
      let factor;
      if (slope) factor = length > 0 ? ((down - right) / length * Math.SQRT1_2 + LAMP_HEIGHT) / (1 + LAMP_HEIGHT) : LAMP_HEIGHT / (1 + LAMP_HEIGHT);
      else factor = length > 0 ? tanh(reach / length) : 1;
      const entry = 3 * (Math.floor((offset + density * Math.sqrt(Math.max(0, count)) / 8) * ENTRIES) & (ENTRIES - 1));
      const dim = (/** @type {number} */ channel) => ENCODED[Math.round(this.light[entry + channel] * factor * (ENTRIES - 1))];
      out[i] = packed(dim(0), dim(1), dim(2));
    }
  }
}

/** The change of the counts over a pixel, from those of two neighbours that have one. @param {Float32Array} counts @param {number} own @param {number} before @param {number} after */
function difference(counts, own, before, after) {
  const [left, right] = [counts[before], counts[after]];
  if (left === Infinity) return right === Infinity ? 0 : right - own;
  if (right === Infinity) return own - left;
  return after - before === 1 || after - before === TILE ? right - left : (right - left) / 2;
}

/** To 0.03, as the workers have it. @param {number} x */
function tanh(x) {
  const near = Math.min(x, 3);
  return (near * (27 + near * near)) / (27 + 9 * near * near);
}

/**
 * 257 values at equal ranks among the finite counts of tiles.
 * @param {Float32Array[]} fields
 */
export function quantilesOf(fields) {
  const every = Math.max(1, Math.floor((fields.length * TILE * TILE) / 100_000)) | 1;
  const sample = [];
  for (const field of fields) {
    for (let i = 0; i < field.length; i += every) if (field[i] !== Infinity) sample.push(field[i]);
  }
  const sorted = Float64Array.from(sample).sort();
  if (sorted.length === 0) return new Float64Array(0);
  return Float64Array.from({ length: QUANTILES }, (_, i) => sorted[Math.floor((i * (sorted.length - 1)) / (QUANTILES - 1))]);
}

/** @param {Float64Array} quantiles @param {number} count */
export function rank(quantiles, count) {
  let [low, high] = [0, quantiles.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (quantiles[middle] <= count) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return 0;
  if (low === quantiles.length) return 1;
  const left = quantiles[low - 1];
  return (low - 1 + (count - left) / (quantiles[low] - left)) / (quantiles.length - 1);
}
