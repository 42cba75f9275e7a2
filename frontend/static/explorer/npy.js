// The numbers of a tile: a NumPy file of 256 × 256 little-endian floats.

import { TILE } from "./plane.js";

/**
 * Smooth counts, row by row; infinite where a point has not escaped.
 * @param {ArrayBuffer} file
 * @returns {Float32Array}
 */
export function readNpy(file) {
  const view = new DataView(file);
  if (view.byteLength < 12 || view.getUint32(0) !== 0x934e554d) throw new TypeError("no NumPy file");
  const start = view.getUint8(6) === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
  const header = new TextDecoder().decode(new Uint8Array(file, 0, Math.min(start, file.byteLength)));
  const kind = /'descr':\s*'(<f[48])'/.exec(header)?.[1];
  const count = TILE * TILE;
  if (kind === "<f4" && file.byteLength - start === 4 * count) return new Float32Array(file.slice(start));
  if (kind === "<f8" && file.byteLength - start === 8 * count) return Float32Array.from(new Float64Array(file.slice(start)));
  throw new TypeError("a NumPy file of another kind or size");
}
