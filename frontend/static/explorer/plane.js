// Where in the plane is a pixel, and which tiles cover the screen? A place is a centre in fixed point and a level,
// log₂ of the zoom: the window shows 4 / 2^level of the plane from its top to its bottom.
//
// Tiles are squares of a quadtree whose root is the square of side 4 around -0.5 + 0i.

import * as decimal from "./decimal.js";

/** Pixels along the side of a tile. */
export const TILE = 256;
/** Bits of the centre beyond a pixel of the screen, at least. */
const GUARD_BITS = 48;
/** No level is lower: the set is a speck. The highest is that of the services, 1e25000. */
export const LOWEST = Math.log2(0.01);
export const HIGHEST = 25_000 * Math.log2(10) - 0.001;

/**
 * @typedef {object} Place
 * @property {bigint} re
 * @property {bigint} im
 * @property {number} bits how many of them are after the point
 * @property {number} level
 * @property {number} rotation degrees, counter-clockwise
 * @property {{ re: string, im: string } | null} said the centre as it was written, until it moves
 * @property {string | null} zoomSaid the zoom as it was written, until it changes
 */

/**
 * @typedef {object} Size
 * @property {number} width pixels
 * @property {number} height
 */

/**
 * The place that texts name, or null where one is no number.
 * @param {string} re
 * @param {string} im
 * @param {string} zoom
 * @param {number} rotation
 * @returns {Place | null}
 */
export function place(re, im, zoom, rotation) {
  const level = decimal.log2(zoom);
  if (!(level >= LOWEST && level <= HIGHEST)) return null;
  const bits = Math.max(decimal.bitsOf(re), decimal.bitsOf(im), bitsAt(level));
  if (bits > 120_000) return null;
  const [x, y] = [decimal.toFixed(re, bits), decimal.toFixed(im, bits)];
  const farthest = 100n << BigInt(bits);
  if (x === null || y === null || x > farthest || -x > farthest || y > farthest || -y > farthest) return null;
  return { re: x, im: y, bits, level, rotation, said: { re, im }, zoomSaid: zoom };
}

/** @param {number} level */
const bitsAt = (level) => Math.max(64, Math.ceil(level) + 16 + GUARD_BITS);

/** The centre as text, of as many digits as the depth needs. @param {Place} at @param {Size} size */
export function centreText(at, size) {
  if (at.said) return at.said;
  const places = Math.max(4, Math.ceil((at.level + Math.log2(size.height) + 10) * Math.log10(2)));
  return { re: decimal.print(at.re, at.bits, places), im: decimal.print(at.im, at.bits, places) };
}

/** @param {Place} at */
export const zoomText = (at) => decimal.powerOfTwo(at.level);

/** What a vector of the screen, downwards positive, is in the picture before it was turned. @param {number} x @param {number} y @param {number} degrees */
export function turned(x, y, degrees) {
  const angle = (degrees * Math.PI) / 180;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return [x * c + y * s, y * c - x * s];
}

/**
 * The place whose centre is what was so many pixels to the right and below.
 * @param {Place} at
 * @param {Size} size
 * @param {number} right
 * @param {number} down
 * @returns {Place}
 */
export function moved(at, size, right, down) {
  const bits = Math.max(at.bits, bitsAt(at.level));
  const grown = BigInt(bits - at.bits);
  const [x, y] = turned(right, down, at.rotation);
  // A pixel is 4 / 2^level / height wide: so many units of the fixed point, of which a float holds 53 bits.
  const unit = bits + 2 - at.level;
  const clamp = (/** @type {bigint} */ value) => {
    const most = 8n << BigInt(bits);
    return value > most ? most : value < -most ? -most : value;
  };
  return {
    ...at,
    re: clamp((at.re << grown) + whole(x / size.height, unit)),
    im: clamp((at.im << grown) - whole(y / size.height, unit)),
    bits,
    said: right === 0 && down === 0 ? at.said : null,
  };
}

/** float · 2^power, rounded. @param {number} float @param {number} power */
function whole(float, power) {
  const shift = Math.floor(power) - 60;
  const mantissa = BigInt(Math.round(float * 2 ** (power - shift)));
  return shift >= 0 ? mantissa << BigInt(shift) : mantissa >> BigInt(-shift);
}

/**
 * `levels` deeper, with the point of the plane at (x, y), from the middle of the window, where it is.
 * @param {Place} at
 * @param {Size} size
 * @param {number} levels
 * @param {number} x
 * @param {number} y
 */
export function zoomed(at, size, levels, x = 0, y = 0) {
  const level = Math.min(HIGHEST, Math.max(LOWEST, at.level + levels));
  const kept = 1 - 2 ** (at.level - level);
  return { ...moved(at, size, x * kept, y * kept), level, zoomSaid: levels === 0 ? at.zoomSaid : null };
}

/**
 * A tile, by its address.
 * @typedef {object} Address
 * @property {number} z
 * @property {bigint} x
 * @property {bigint} y
 */

/** @param {Address} tile */
export const keyOf = ({ z, x, y }) => `${z}/${x}/${y}`;

/** Whether the tile is in the root, and so the server's. @param {Address} tile */
export const inWorld = ({ z, x, y }) => x >= 0n && y >= 0n && x >> BigInt(z) === 0n && y >> BigInt(z) === 0n;

/** The level of tiles whose pixels are about as large as the screen's: from 0.6 to 1.2 of them, of which there are `density` to one of the page. @param {Place} at @param {Size} size @param {number} density */
export const tileLevel = (at, size, density) =>
  Math.max(0, Math.ceil(at.level + Math.log2((size.height * density) / TILE) - 0.3));

/** The centre in tiles of a level, in units of 2^-(bits + 2 - z). @param {Place} at */
function world(at) {
  const half = 1n << BigInt(at.bits - 1);
  return { u: at.re + 5n * half, v: 4n * half - at.im, bits: at.bits + 2 };
}

/**
 * How tiles of one level lie: the tile of the centre, and how far into it the centre is.
 * @param {Place} at
 * @param {number} z
 */
export function grid(at, z) {
  const { u, v, bits } = world(at);
  const shift = bits - z;
  const index = (/** @type {bigint} */ value) => (shift >= 0 ? value >> BigInt(shift) : value << BigInt(-shift));
  const fraction = (/** @type {bigint} */ value) =>
    shift <= 0 ? 0 : decimal.scaled(value & ((1n << BigInt(shift)) - 1n), shift, 0);
  return { z, x: index(u), y: index(v), fx: fraction(u), fy: fraction(v) };
}

/** Pixels of the window along a tile's side. @param {Place} at @param {Size} size @param {number} z */
export const tileSide = (at, size, z) => size.height * 2 ** (at.level - z);

/**
 * How far the window reaches from its middle, to either side and up and down, in the picture before it is turned.
 * @param {Place} at
 * @param {Size} size
 * @param {number} margin
 */
export function reach(at, size, margin = 0) {
  const angle = (at.rotation * Math.PI) / 180;
  const [c, s] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
  return { across: (size.width * c + size.height * s) / 2 + margin, along: (size.width * s + size.height * c) / 2 + margin };
}

/**
 * The tiles of a level that the window shows, with `margin` pixels around it.
 * @param {Place} at
 * @param {Size} size
 * @param {number} z
 * @param {number} margin
 * @returns {Address[]}
 */
export function cover(at, size, z, margin = 0) {
  const middle = grid(at, z);
  const side = tileSide(at, size, z);
  const { across, along } = reach(at, size, margin);
  const tiles = [];
  const from = (/** @type {number} */ half, /** @type {number} */ fraction) => Math.floor(fraction - half / side);
  const to = (/** @type {number} */ half, /** @type {number} */ fraction) => Math.ceil(fraction + half / side) - 1;
  for (let y = from(along, middle.fy); y <= to(along, middle.fy); y += 1) {
    for (let x = from(across, middle.fx); x <= to(across, middle.fx); x += 1) {
      tiles.push({ z, x: middle.x + BigInt(x), y: middle.y + BigInt(y) });
    }
  }
  return tiles;
}

/**
 * Where a tile's upper left corner is, in pixels from the middle of the window before it is turned, and how long its side is.
 * @param {Address} tile
 * @param {ReturnType<typeof grid>} middle of the tile's level
 * @param {number} side
 */
export const position = (tile, middle, side) => ({
  x: (Number(tile.x - middle.x) - middle.fx) * side,
  y: (Number(tile.y - middle.y) - middle.fy) * side,
  side,
});
