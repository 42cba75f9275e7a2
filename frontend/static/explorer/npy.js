// The numbers of a tile: a NumPy file of 256 × 256 little-endian numbers.

import { TILE } from "./plane.js";

/**
 * Smooth counts, row by row; infinite where a point has not escaped.
 * @param {ArrayBuffer} file
 * @returns {Float32Array}
 */
export function readNpy(file) {
  const { kind, bytes } = parts(file);
  if (kind === "<f4" && bytes.byteLength === 4 * TILE * TILE) return new Float32Array(bytes);
  if (kind === "<f8" && bytes.byteLength === 8 * TILE * TILE) return Float32Array.from(new Float64Array(bytes));
  throw new TypeError("a NumPy file of another kind or size");
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
