// How does a count become a colour? As the workers do it: mixed in linear light between the stops of a cyclic
// palette, at t = offset + density · √μ / 8, by a table of 4,096 entries; and dimmed by what a second number of each
// pixel says, where the colouring has one.

import { rank } from "./histogram.js";

export const ENTRIES = 4096;
/** As wide as 1 of tanh, in pixels; and the lamp of slopes, 45° above the horizontal, that high. */
export const SOFTNESS = 2;
export const LAMP_HEIGHT = 1.5;
/** The direction of a pixel that has none: no angle is so large. */
export const NO_DIRECTION = 9;

/** The numbers that a colouring needs beside smooth counts, by the name that the tiles' `field` has for them. */
export const CHANNELS = /** @type {const} */ ({
  smooth: "", bands: "iterations", histogram: "", distance: "distance", slope: "direction",
});

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

/** The sRGB byte of light in 65,535ths, for what is dimmed; made when something is. @type {Uint8Array | null} */
let bytes = null;

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

/** The light of slopes by the angle between their direction and the lamp's, once around: a cosine for each pixel would take as long as all else. */
const FACING = Float32Array.from({ length: ENTRIES }, (_, i) => (Math.cos((2 * Math.PI * i) / ENTRIES) + LAMP_HEIGHT) / (1 + LAMP_HEIGHT));
const LEVEL = LAMP_HEIGHT / (1 + LAMP_HEIGHT);

/** What the tables of a gradient are, made once. @type {WeakMap<Float32Array, Uint32Array>} */
const tables = new WeakMap();

/** The colours of a gradient's entries. @param {Float32Array} light */
function tableOf(light) {
  let table = tables.get(light);
  if (!table) {
    table = new Uint32Array(ENTRIES);
    for (let entry = 0; entry < ENTRIES; entry += 1) {
      table[entry] = packed(encode(light[3 * entry]), encode(light[3 * entry + 1]), encode(light[3 * entry + 2]));
    }
    tables.set(light, table);
  }
  return table;
}

/** The direction to the lamp, which does not turn with the picture, in the picture before it was turned. @param {number} rotation degrees */
export const lampOf = (rotation) => Math.PI / 4 + (rotation * Math.PI) / 180;

/**
 * Paints tiles with one set of colours.
 */
export class Brush {
  /**
   * @param {import("./state.js").Colours} colours
   * @param {Float32Array} light from `gradient`
   * @param {{ quantiles?: Float64Array | null, rotation?: number }} [view] quantiles of the window, for histogram colouring; how it is turned, for slopes
   */
  constructor(colours, light, { quantiles = null, rotation = 0 } = {}) {
    this.colours = colours;
    this.light = light;
    this.quantiles = quantiles;
    this.rotation = rotation;
    this.interior = packed(...rgbOf(colours.interior));
  }

  /** @param {Brush} other */
  paintsAs({ colours, light, quantiles, rotation }) {
    const own = this.colours;
    const alike = colours.colouring === own.colouring && colours.density === own.density && colours.offset === own.offset && colours.interior === own.interior;
    return alike && light === this.light && quantiles === this.quantiles && rotation === this.rotation;
  }

  /** How pixels with these further numbers are coloured: as smooth ones until those that the colouring needs are there. @param {string} channel */
  colouringOf(channel) {
    const { colouring } = this.colours;
    if (colouring === "histogram" && !this.quantiles) return "smooth";
    return CHANNELS[colouring] === "" || CHANNELS[colouring] === channel ? colouring : "smooth";
  }

  /**
   * The pixels of a tile's counts.
   * @param {Float32Array} counts
   * @param {Uint32Array} out
   * @param {{ channel: string, shade: Float32Array | null }} [further] numbers beside the counts
   * @param {number} [scale] pixels of the window to one of these
   */
  paint(counts, out, { channel, shade } = { channel: "", shade: null }, scale = 1) {
    const { density, offset } = this.colours;
    const { interior, quantiles } = this;
    const table = tableOf(this.light);
    const colouring = this.colouringOf(channel);
    if (shade && (colouring === "distance" || colouring === "slope")) {
      this.#dim(counts, out, shade, colouring, scale);
      return;
    }
    const [start, pace] = [offset * ENTRIES, (density / 8) * ENTRIES];
    if (colouring === "histogram") {
      const [ranks, turns] = [/** @type {Float64Array} */ (quantiles), density * ENTRIES];
      for (let i = 0; i < counts.length; i += 1) {
        const count = counts[i];
        out[i] = count === Infinity ? interior : table[Math.floor(start + turns * rank(ranks, count)) & (ENTRIES - 1)];
      }
      return;
    }
    const places = colouring === "bands" && shade ? shade : counts;
    for (let i = 0; i < counts.length; i += 1) {
      const place = places[i];
      out[i] = counts[i] === Infinity ? interior : table[Math.floor(start + pace * Math.sqrt(place > 0 ? place : 0)) & (ENTRIES - 1)];
    }
  }

  /**
   * Darkened by distance or lit on a slope.
   * @param {Float32Array} counts
   * @param {Uint32Array} out
   * @param {Float32Array} shade distances in pixels, or directions in radians
   * @param {"distance" | "slope"} colouring
   * @param {number} scale
   */
  #dim(counts, out, shade, colouring, scale) {
    bytes ??= Uint8Array.from({ length: 65_536 }, (_, light) => encode(light / 65_535));
    const { density, offset } = this.colours;
    const { light, interior } = this;
    const [start, pace] = [offset * ENTRIES, (density / 8) * ENTRIES];
    const lamp = lampOf(this.rotation);
    const around = ENTRIES / (2 * Math.PI);
    for (let i = 0; i < counts.length; i += 1) {
      const count = counts[i];
      if (count === Infinity) {
        out[i] = interior;
        continue;
      }
      let factor;
      if (colouring === "distance") factor = tanh((shade[i] * scale) / SOFTNESS);
      else factor = shade[i] === NO_DIRECTION ? LEVEL : FACING[Math.round((shade[i] - lamp) * around) & (ENTRIES - 1)];
      const entry = 3 * (Math.floor(start + pace * Math.sqrt(count > 0 ? count : 0)) & (ENTRIES - 1));
      const full = factor * 65_535;
      const [red, green, blue] = [bytes[(light[entry] * full + 0.5) | 0], bytes[(light[entry + 1] * full + 0.5) | 0], bytes[(light[entry + 2] * full + 0.5) | 0]];
      out[i] = (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
    }
  }
}

/** To 0.03, as the workers have it. @param {number} x */
function tanh(x) {
  const near = Math.min(x, 3);
  return (near * (27 + near * near)) / (27 + 9 * near * near);
}
