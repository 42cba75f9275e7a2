// Draws tiles on the canvas: each tile's counts become a picture once for a set of colours, and pictures are laid down
// where the place says, coarse ones first.

import { TILE } from "./plane.js";

/** A colour of its own for each worker. @param {string} worker */
export function tintOf(worker) {
  let hash = 7;
  for (const letter of worker) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
  return `hsl(${(hash * 137) % 360} 85% 55%)`;
}

/** Of a pixel: far more than the error of a position, far less than is seen. */
const HAIR = 1e-6;

export class Painter {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
    this.image = new ImageData(TILE, TILE);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  /** The tile's picture in the brush's colours. @param {import("./tiles.js").Tile} tile @param {import("./colours.js").Brush} brush */
  picture(tile, brush) {
    if (tile.brush !== brush || !tile.picture) {
      tile.picture ??= new OffscreenCanvas(TILE, TILE);
      brush.paint(tile.counts, this.pixels);
      /** @type {OffscreenCanvasRenderingContext2D} */ (tile.picture.getContext("2d", { alpha: false })).putImageData(this.image, 0, 0);
      tile.brush = brush;
    }
    return tile.picture;
  }

  /**
   * @param {{ tile: import("./tiles.js").Tile, x: number, y: number, side: number }[]} list coarse ones first, in pixels of the window
   * @param {object} how
   * @param {import("./colours.js").Brush} how.brush
   * @param {number} how.density pixels of the canvas to one of the window
   * @param {number} how.rotation
   * @param {string} how.ground
   * @param {boolean} how.tinted
   */
  draw(list, { brush, density, rotation, ground, tinted }) {
    const { context, canvas } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = ground;
    context.fillRect(0, 0, canvas.width, canvas.height);
    const [middle, across] = [canvas.width / 2, canvas.height / 2];
    context.translate(middle, across);
    if (rotation !== 0) context.rotate((rotation * Math.PI) / 180);
    for (const { tile, x, y, side } of list) {
      const exact = Math.abs(side * density - TILE) < 1e-3 && rotation === 0;
      context.imageSmoothingEnabled = !exact;
      let [left, top, right, bottom] = [x, y, x + side, y + side].map((value) => value * density);
      if (rotation === 0) {
        // Edges on whole pixels, so that there is no seam between neighbours: half a pixel, which either reckons with an error of
        // its own, goes the same way for both.
        [left, right] = [left, right].map((value) => Math.round(value + middle + HAIR) - middle);
        [top, bottom] = [top, bottom].map((value) => Math.round(value + across + HAIR) - across);
      } else {
        [right, bottom] = [right + 0.7, bottom + 0.7];
      }
      context.drawImage(this.picture(tile, brush), left, top, right - left, bottom - top);
      if (tinted && tile.worker) this.#tint(tile, left, top, right - left);
    }
  }

  /** @param {import("./tiles.js").Tile} tile @param {number} left @param {number} top @param {number} side */
  #tint(tile, left, top, side) {
    const { context } = this;
    context.globalAlpha = 0.28;
    context.fillStyle = tintOf(tile.worker);
    context.fillRect(left, top, side, side);
    context.globalAlpha = 1;
    context.strokeStyle = tintOf(tile.worker);
    context.strokeRect(left + 0.5, top + 0.5, side - 1, side - 1);
    if (side < 90) return;
    context.font = `600 ${Math.min(14, side / 14)}px system-ui, sans-serif`;
    context.fillStyle = "#fff";
    context.shadowColor = "#000";
    context.shadowBlur = 4;
    context.fillText(`${tile.worker}  ${Math.round(tile.milliseconds)} ms`, left + 8, top + 20, side - 16);
    context.shadowBlur = 0;
  }
}
