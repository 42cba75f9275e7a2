// Who drew what: a colour of its own for each worker, over the tiles that are seen. A tile covers what lies beneath it,
// and so does its tint.

/** No smaller tile has room for a name. */
const LEAST_NAMED = 90;

/** A colour of its own for each worker. @param {string} worker */
export function tintOf(worker) {
  let hash = 7;
  for (const letter of worker) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
  return `hsl(${(hash * 137) % 360} 85% 55%)`;
}

export class Tint {
  /** @type {OffscreenCanvas | null} */
  #layer = null;

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {import("./canvas.js").Laid[]} laid coarse ones first
   * @param {number} rotation
   */
  draw(context, laid, rotation) {
    const { width, height } = context.canvas;
    this.#layer ??= new OffscreenCanvas(width, height);
    // A new size is an empty layer.
    [this.#layer.width, this.#layer.height] = [width, height];
    const layer = /** @type {OffscreenCanvasRenderingContext2D} */ (this.#layer.getContext("2d"));
    layer.translate(width / 2, height / 2);
    layer.rotate((rotation * Math.PI) / 180);
    for (const item of laid) tint(layer, item);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.#layer, 0, 0);
  }
}

/** @param {OffscreenCanvasRenderingContext2D} layer @param {import("./canvas.js").Laid} item */
function tint(layer, { tile, wanted, left, top, right, bottom }) {
  const [width, height] = [right - left, bottom - top];
  layer.clearRect(left, top, width, height);
  if (!tile.worker) return;
  layer.globalAlpha = 0.28;
  layer.fillStyle = tintOf(tile.worker);
  layer.fillRect(left, top, width, height);
  layer.globalAlpha = 1;
  layer.strokeStyle = tintOf(tile.worker);
  layer.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
  // What is about to be covered is not named.
  if (!wanted || width < LEAST_NAMED) return;
  layer.font = `600 ${Math.min(14, width / 14)}px system-ui, sans-serif`;
  layer.fillStyle = "#fff";
  layer.shadowColor = "#000";
  layer.shadowBlur = 4;
  layer.fillText(`${tile.worker}  ${Math.round(tile.milliseconds)} ms`, left + 8, top + 20, width - 16);
  layer.shadowBlur = 0;
}
