// The numbers of a tile: a NumPy file of 256 × 256 little-endian numbers.

import { TILE } from "./plane.js";

/**
 * Numbers row by row, as 32-bit floats whatever they were. Smooth counts are infinite where a point has not escaped.
 * @param {ArrayBuffer} file
 * @returns {Float32Array}
 */
export function readNpy(file) {
  const { kind, bytes } = parts(file);
  const size = Number(kind?.at(-1)) * TILE * TILE;
  if (bytes.byteLength !== size) throw new TypeError("a NumPy file of another kind or size");
  if (kind === "<f4") return new Float32Array(bytes);
  if (kind === "<f8") return Float32Array.from(new Float64Array(bytes));
  if (kind === "<u4") return Float32Array.from(new Uint32Array(bytes));
  return Float32Array.from(new BigUint64Array(bytes), Number);
}

/**
 * Periods, row by row; 0 where there is none.
 * @param {ArrayBuffer} file
 */
export function readPeriods(file) {
  const { kind, bytes } = parts(file);
  if (kind === "<u4" && bytes.byteLength === 4 * TILE * TILE) return new Uint32Array(bytes);
  throw new TypeError("a NumPy file of another kind or size");
}

/** @param {ArrayBuffer} file */
function parts(file) {
  const view = new DataView(file);
  if (view.byteLength < 12 || view.getUint32(0) !== 0x934e554d) throw new TypeError("no NumPy file");
  const start = view.getUint8(6) === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
  const header = new TextDecoder().decode(new Uint8Array(file, 0, Math.min(start, file.byteLength)));
  return { kind: /'descr':\s*'(<[fu][48])'/.exec(header)?.[1], bytes: file.slice(start) };
}
