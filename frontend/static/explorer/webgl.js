// Tiles on the graphics processor: their numbers are textures, and a shader makes colours of them in every frame. It paints on a
// canvas of its own, which the page's painter lays down on the page's: a lost context leaves that one as it is.

import { lampOf, rgbOf } from "./colours.js";
import { TILE } from "./plane.js";
import { COLOURINGS, FRAGMENT, GRADIENT_SIDE, NEVER, VERTEX } from "./shaders.js";

/** Tiles on the processor, of at most 512 KiB each. */
const MOST_TEXTURES = 160;
/** Milliseconds of a frame in which textures are filled. */
const BUDGET = 5;
/** What computes in place of a graphics processor, and slower than the page's own arithmetic. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

export class WebglPainter {
  /** @type {Map<import("./tiles.js").Tile, { counts: WebGLTexture, shade: WebGLTexture | null }>} */
  #textures = new Map();
  #scratch = new Float32Array(TILE * TILE);
  /** @type {Record<string, WebGLUniformLocation | null>} */
  uniforms = {};
  /** @type {WebGLTexture | null} */
  gradient = null;
  /** @type {WebGLTexture | null} */
  quantiles = null;
  /** In place of a shade where there is none. @type {WebGLTexture | null} */
  none = null;
  /** What the textures and uniforms have been set for. @type {import("./colours.js").Brush | null} */
  brush = null;
  usable = false;
  lost = false;

  /**
   * The painter, where there is a processor for it.
   * @param {boolean} anyhow also where software stands in for a processor
   * @param {() => void} changed the context was lost, or is back
   */
  static made(anyhow, changed) {
    if (typeof OffscreenCanvas === "undefined") return null;
    const canvas = new OffscreenCanvas(1, 1);
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, stencil: false, failIfMajorPerformanceCaveat: !anyhow });
    if (!gl) return null;
    const told = gl.getExtension("WEBGL_debug_renderer_info");
    const renderer = `${gl.getParameter(told ? told.UNMASKED_RENDERER_WEBGL : gl.RENDERER)}`;
    if (!anyhow && SOFTWARE.test(renderer)) return null;
    return new WebglPainter(canvas, gl, changed);
  }

  /** @param {OffscreenCanvas} canvas @param {WebGL2RenderingContext} gl @param {() => void} changed */
  constructor(canvas, gl, changed) {
    this.canvas = canvas;
    this.gl = gl;
    this.#prepare();
    canvas.addEventListener("webglcontextlost", (event) => {
      // Then it may come back.
      event.preventDefault();
      this.lost = true;
      this.#textures.clear();
      changed();
    });
    canvas.addEventListener("webglcontextrestored", () => {
      this.#prepare();
      this.lost = false;
      changed();
    });
  }

  #prepare() {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, source] of /** @type {[number, string][]} */ ([[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]])) {
      const shader = /** @type {WebGLShader} */ (gl.createShader(kind));
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    gl.useProgram(program);
    const names = ["edges", "window", "counts", "shades", "gradient", "quantiles", "colouring", "pace", "interior", "scale", "lamp", "exact"];
    this.uniforms = Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(program, name)]));
    for (const [unit, name] of ["counts", "shades", "gradient", "quantiles"].entries()) gl.uniform1i(this.uniforms[name], unit);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    this.gradient = this.#texture(2);
    this.quantiles = this.#texture(3);
    this.none = this.#texture(1);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32F, 1, 1, 0, gl.RED, gl.FLOAT, new Float32Array(1));
    this.brush = null;
    this.usable = /** @type {boolean} */ (gl.getProgramParameter(program, gl.LINK_STATUS)) || gl.isContextLost();
  }

  /** A new texture, bound. Floats cannot be mixed by every device, and need not be. @param {number} unit */
  #texture(unit) {
    const { gl } = this;
    const texture = /** @type {WebGLTexture} */ (gl.createTexture());
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    for (const [name, value] of [[gl.TEXTURE_MIN_FILTER, gl.NEAREST], [gl.TEXTURE_MAG_FILTER, gl.NEAREST], [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE], [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE]]) {
      gl.texParameteri(gl.TEXTURE_2D, name, value);
    }
    return texture;
  }

  /** @param {number} unit @param {number} width @param {number} height @param {Float32Array} numbers one a pixel, or three */
  #fill(unit, width, height, numbers) {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0 + unit);
    const [inner, outer] = numbers.length === 3 * width * height ? [gl.RGB32F, gl.RGB] : [gl.R32F, gl.RED];
    gl.texImage2D(gl.TEXTURE_2D, 0, inner, width, height, 0, outer, gl.FLOAT, numbers);
  }

  /** The tile's textures, as those used last. @param {import("./tiles.js").Tile} tile */
  #texturesOf(tile) {
    let textures = this.#textures.get(tile);
    if (!textures) {
      for (let i = 0; i < tile.counts.length; i += 1) this.#scratch[i] = Math.min(tile.counts[i], NEVER);
      textures = { counts: this.#texture(0), shade: null };
      this.#fill(0, TILE, TILE, this.#scratch);
      if (tile.shade) {
        textures.shade = this.#texture(1);
        this.#fill(1, TILE, TILE, tile.shade);
      }
    }
    this.#textures.delete(tile);
    this.#textures.set(tile, textures);
    return textures;
  }

  /** The tile is no longer there. @param {import("./tiles.js").Tile} tile */
  forget(tile) {
    const textures = this.#textures.get(tile);
    if (!textures) return;
    this.gl.deleteTexture(textures.counts);
    if (textures.shade) this.gl.deleteTexture(textures.shade);
    this.#textures.delete(tile);
  }

  /** @param {import("./colours.js").Brush} brush */
  #take(brush) {
    const { gl, uniforms } = this;
    const before = this.brush;
    if (before?.light !== brush.light) {
      gl.activeTexture(gl.TEXTURE2);
      gl.bindTexture(gl.TEXTURE_2D, this.gradient);
      this.#fill(2, GRADIENT_SIDE, GRADIENT_SIDE, brush.light);
    }
    if (brush.quantiles && brush.quantiles.length > 0 && before?.quantiles !== brush.quantiles) {
      gl.activeTexture(gl.TEXTURE3);
      gl.bindTexture(gl.TEXTURE_2D, this.quantiles);
      this.#fill(3, brush.quantiles.length, 1, Float32Array.from(brush.quantiles));
    }
    const { offset, density, interior } = brush.colours;
    gl.uniform2f(uniforms.pace, offset - Math.floor(offset), density);
    gl.uniform3fv(uniforms.interior, rgbOf(interior).map((byte) => byte / 255));
    gl.uniform1f(uniforms.lamp, lampOf(brush.rotation));
    this.brush = brush;
  }

  /**
   * Paints the tiles, and says whether some have to wait for the next frame.
   * @param {import("./canvas.js").Laid[]} list coarse ones first
   * @param {{ brush: import("./colours.js").Brush, rotation: number, ground: string, width: number, height: number }} how
   */
  draw(list, { brush, rotation, ground, width, height }) {
    const { gl, canvas, uniforms } = this;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    gl.viewport(0, 0, width, height);
    const [red, green, blue] = rgbOf(ground).map((byte) => byte / 255);
    gl.clearColor(red, green, blue, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    this.#take(brush);
    const angle = (rotation * Math.PI) / 180;
    gl.uniform4f(uniforms.window, Math.cos(angle), Math.sin(angle), 2 / width, 2 / height);
    // Those that lie above all others are filled first, and at least one in each frame.
    const until = performance.now() + BUDGET;
    let [filled, waiting] = [0, false];
    for (const { tile } of [...list].reverse()) {
      if (this.#textures.has(tile)) continue;
      if (filled > 0 && performance.now() > until) waiting = true;
      else this.#texturesOf(tile);
      filled += 1;
    }
    for (const { tile, exact, scale, left, top, right, bottom } of list) {
      if (!this.#textures.has(tile)) continue;
      const { counts, shade } = this.#texturesOf(tile);
      gl.activeTexture(gl.TEXTURE0);
      gl.bindTexture(gl.TEXTURE_2D, counts);
      gl.activeTexture(gl.TEXTURE1);
      gl.bindTexture(gl.TEXTURE_2D, shade ?? this.none);
      gl.uniform1i(uniforms.colouring, COLOURINGS.indexOf(brush.colouringOf(tile.channel)));
      gl.uniform1i(uniforms.exact, Number(exact));
      gl.uniform1f(uniforms.scale, scale);
      gl.uniform4f(uniforms.edges, left, top, right, bottom);
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    }
    for (const tile of this.#textures.keys()) {
      if (this.#textures.size <= MOST_TEXTURES) break;
      this.forget(tile);
    }
    return waiting;
  }
}
