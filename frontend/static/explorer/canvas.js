// Draws tiles on the page's canvas: pictures are laid down where the place says, coarse ones first. The graphics processor
// makes them where there is one; else each tile's counts become a picture once for a set of colours.

import { TILE } from "./plane.js";
import { Tint } from "./tint.js";
import { WebglPainter } from "./webgl.js";

/** Milliseconds of a frame in which pictures are painted that are not needed at once. */
const BUDGET = 5;

/**
 * A tile and where its edges are, in pixels of the canvas from its middle before it is turned.
 * @typedef {object} Laid
 * @property {import("./tiles.js").Tile} tile
 * @property {boolean} exact whether its pixels are the canvas's
 * @property {boolean} wanted whether it is of the level that is wanted here
 * @property {number} scale pixels of the canvas to one of the tile
 * @property {number} left
 * @property {number} top
 * @property {number} right
 * @property {number} bottom
 */

/** Of a pixel: far more than the error of a position, far less than is seen. */
const HAIR = 1e-6;

export class Painter {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {string | null} wish `canvas` or `webgl`, whatever would be faster
   * @param {() => void} changed all has to be drawn again
   */
  constructor(canvas, wish, changed) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
    this.image = new ImageData(TILE, TILE);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.tint = new Tint();
    this.changed = changed;
    /** @type {WebglPainter | null} */
    this.webgl = null;
    this.undecided = wish === null;
    if (wish === "webgl") this.webgl = WebglPainter.made(true, changed);
  }

  /** Looks for a graphics processor, which takes longer than to paint the first tiles. */
  #decide() {
    this.undecided = false;
    setTimeout(() => {
      this.webgl = WebglPainter.made(false, this.changed);
      if (this.webgl) this.changed();
    });
  }

  get processor() {
    return this.webgl && this.webgl.usable && !this.webgl.lost ? this.webgl : null;
  }

  /** Who paints now: `webgl` or `canvas`. */
  get name() {
    return this.processor ? "webgl" : "canvas";
  }

  /** The tile is no longer there. @param {import("./tiles.js").Tile} tile */
  forget(tile) {
    this.webgl?.forget(tile);
  }

  /**
   * Draws what there is, and says whether some of it has to wait for the next frame.
   * @param {{ tile: import("./tiles.js").Tile, x: number, y: number, side: number, wanted: boolean }[]} list coarse ones first, in pixels of the window
   * @param {object} how
   * @param {import("./colours.js").Brush} how.brush
   * @param {number} how.density pixels of the canvas to one of the window
   * @param {number} how.rotation
   * @param {string} how.ground
   * @param {boolean} how.tinted
   * @param {boolean} how.moving
   */
  draw(list, { brush, density, rotation, ground, tinted, moving }) {
    const { context, canvas: { width, height }, processor } = this;
    const laid = list.map((item) => lay(item, density, rotation, width / 2, height / 2));
    context.setTransform(1, 0, 0, 1, 0, 0);
    let waiting;
    if (processor) {
      waiting = processor.draw(laid, { brush, rotation, ground, width, height });
      context.drawImage(processor.canvas, 0, 0);
    } else {
      waiting = this.#paint(laid, brush, moving);
      context.fillStyle = ground;
      context.fillRect(0, 0, width, height);
      context.translate(width / 2, height / 2);
      if (rotation !== 0) context.rotate((rotation * Math.PI) / 180);
      for (const { tile, exact, left, top, right, bottom } of laid) {
        if (!tile.picture) continue;
        context.imageSmoothingEnabled = !exact;
        context.drawImage(tile.picture, left, top, right - left, bottom - top);
      }
    }
    if (this.undecided && !waiting && laid.length > 0) this.#decide();
    if (tinted) this.tint.draw(context, laid, rotation);
    return waiting;
  }

  /**
   * Brings the tiles' pictures up to date, those that lie above all others first, and one in each frame at least. While nothing moves,
   * a picture that is there takes its new colours at once, with all others.
   * @param {Laid[]} laid
   * @param {import("./colours.js").Brush} brush
   * @param {boolean} moving
   */
  #paint(laid, brush, moving) {
    const until = performance.now() + BUDGET;
    let [painted, waiting] = [0, false];
    for (const { tile, scale } of [...laid].reverse()) {
      // Only distances are in pixels; in steps, since a picture of a tile costs more than it is worth while it grows.
      const pixels = brush.colours.colouring === "distance" ? 2 ** (Math.round(8 * Math.log2(scale)) / 8) : 1;
      if (tile.paintedBy === brush && tile.paintedAt === pixels) continue;
      if (painted > 0 && (moving || !tile.picture) && performance.now() > until) {
        waiting = true;
        continue;
      }
      tile.picture ??= new OffscreenCanvas(TILE, TILE);
      brush.paint(tile.counts, this.pixels, tile, pixels);
      /** @type {OffscreenCanvasRenderingContext2D} */ (tile.picture.getContext("2d", { alpha: false })).putImageData(this.image, 0, 0);
      [tile.paintedBy, tile.paintedAt] = [brush, pixels];
      painted += 1;
    }
    return waiting;
  }
}

/**
 * @param {{ tile: import("./tiles.js").Tile, x: number, y: number, side: number, wanted: boolean }} item
 * @param {number} density
 * @param {number} rotation
 * @param {number} middle
 * @param {number} across
 * @returns {Laid}
 */
function lay({ tile, x, y, side, wanted }, density, rotation, middle, across) {
  const exact = Math.abs(side * density - TILE) < 1e-3 && rotation === 0;
  let [left, top, right, bottom] = [x, y, x + side, y + side].map((value) => value * density);
  if (rotation === 0) {
    // Edges on whole pixels, so that there is no seam between neighbours: half a pixel, which either reckons with an error of
    // its own, goes the same way for both.
    [left, right] = [left, right].map((value) => Math.round(value + middle + HAIR) - middle);
    [top, bottom] = [top, bottom].map((value) => Math.round(value + across + HAIR) - across);
  } else {
    [right, bottom] = [right + 0.7, bottom + 0.7];
  }
  return { tile, exact, wanted, scale: (side * density) / TILE, left, top, right, bottom };
}
