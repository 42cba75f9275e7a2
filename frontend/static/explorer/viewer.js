// The full-window picture: which tiles are drawn now, which are wanted next, and how the place moves. Old tiles stay,
// scaled, until new ones arrive.

import { Painter } from "./canvas.js";
import { Brush, CHANNELS, gradient } from "./colours.js";
import { quantilesOf } from "./histogram.js";
import { cover, grid, keyOf, moved, position, reach, tileLevel, tileSide, zoomed } from "./plane.js";
import { fieldQuery } from "./state.js";
import { Tiles } from "./tiles.js";

/** Pixels around the window in which tiles are fetched before they are seen. */
const MARGIN = 160;
/** Tiles are drawn from so many levels above and below those that are wanted. */
const COARSER = 8;
const FINER = 2;
/** Milliseconds after which the view is still; and how old quantiles may be while it is, and while it moves: with them all colours change. */
const STILL = 120;
const OLD_WHEN_STILL = 150;
const OLD_WHEN_MOVING = 500;
/** Halves of what is left, a second, of a glide. */
const SMOOTHING = 14;

/** A tile, where its upper left corner is, and whether it is of the level that is wanted. @typedef {{ tile: import("./tiles.js").Tile, x: number, y: number, side: number, wanted: boolean }} Seen */
/** @typedef {{ moved: () => void, drawn: () => void, troubled: (trouble: string | null) => void }} Told */

export class Viewer {
  /** @type {import("./plane.js").Size} */
  size = { width: 1, height: 1 };
  /** Pixels of the canvas along one of the page. */
  density = 1;
  #drawn = 0;
  #stale = true;
  #scheduled = false;
  /** @type {import("./plane.js").Place | null} */
  #wantedAt = null;
  /** What was made of colours, and of which. @type {{ of: string, light: Float32Array } | null} */
  #gradient = null;
  /** @type {{ of: string, at: number, values: Float64Array } | null} */
  #quantiles = null;
  #outdated = 0;
  #placedAt = { place: /** @type {import("./plane.js").Place | null} */ (null), time: 0 };
  /** @type {Brush | null} */
  #brush = null;
  /** Levels that a glide has still to go, and about which pixel. */
  #glide = { levels: 0, x: 0, y: 0 };
  #velocity = { x: 0, y: 0 };
  #lastFrame = 0;
  tinted = false;
  /** Turns of the palette a second. */
  cycling = 0;
  #turned = 0;
  /** @type {Set<string>} */
  #marked = new Set();
  /** Where the pointer is, from the middle of the window. */
  pointer = { x: 0, y: 0 };
  /** Gaps between frames in milliseconds, the last of them. @type {number[]} */
  gaps = [];

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("./state.js").State} state
   * @param {(name: string) => import("./colours.js").Stop[]} stopsOf
   */
  constructor(canvas, state, stopsOf) {
    this.canvas = canvas;
    // Of this page alone: no link has it.
    const wish = new URLSearchParams(location.search).get("painter");
    this.painter = new Painter(canvas, wish, () => this.redraw());
    this.state = state;
    this.stopsOf = stopsOf;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.tiles = new Tiles(() => this.redraw(), (trouble) => this.#told.troubled(trouble), (tile) => this.painter.forget(tile));
    this.fit();
    performance.mark("begun");
    // What is wanted is asked for now, and not when the browser is about to show a frame.
    this.#look();
    new ResizeObserver(() => this.fit()).observe(canvas);
  }

  /** Who is told what happens from now on; a picture needs nobody. @param {Told} told */
  listen(told) {
    this.#told = told;
    // What was in the way before is told now.
    this.#wantedAt = null;
    this.redraw();
  }

  /** @type {Told} */
  #told = { moved() {}, drawn() {}, troubled() {} };

  fit() {
    this.density = Math.min(2, devicePixelRatio || 1);
    this.size = { width: Math.max(1, this.canvas.clientWidth), height: Math.max(1, this.canvas.clientHeight) };
    this.canvas.width = Math.round(this.size.width * this.density);
    this.canvas.height = Math.round(this.size.height * this.density);
    this.#wantedAt = null;
    this.redraw();
  }

  redraw() {
    this.#stale = true;
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame((now) => this.#frame(now));
  }

  /** Shows another state at once. @param {import("./state.js").State} state */
  show(state) {
    this.stop();
    this.state = state;
    this.#quantiles = null;
    this.#wantedAt = null;
    this.redraw();
  }

  /** New colours of what is seen. @param {import("./state.js").Colours} colours */
  recolour(colours) {
    this.state.colours = colours;
    this.redraw();
  }

  /** @param {import("./plane.js").Place} place */
  go(place) {
    this.state.place = place;
    this.#told.moved();
    this.redraw();
  }

  /** Moves the window over the plane. @param {number} right @param {number} down */
  pan(right, down) {
    this.go(moved(this.state.place, this.size, right, down));
  }

  /** Zooms about a pixel from the middle of the window, with a glide unless motion is unwelcome. @param {number} levels @param {number} x @param {number} y */
  zoom(levels, x = 0, y = 0) {
    if (this.calm.matches) {
      this.go(zoomed(this.state.place, this.size, levels, x, y));
      return;
    }
    this.#glide = { levels: this.#glide.levels + levels, x, y };
    this.redraw();
  }

  /** At once, as fingers do it. @param {number} levels @param {number} x @param {number} y */
  pinch(levels, x, y) {
    this.#glide.levels = 0;
    this.go(zoomed(this.state.place, this.size, levels, x, y));
  }

  /** @param {number} degrees */
  turn(degrees) {
    const rotation = ((((this.state.place.rotation + degrees + 180) % 360) + 360) % 360) - 180;
    this.go({ ...this.state.place, rotation });
  }

  /** Goes on by itself, slower and slower. @param {number} x pixels a second @param {number} y */
  fling(x, y) {
    if (this.calm.matches) return;
    this.#velocity = { x, y };
    this.redraw();
  }

  stop() {
    this.#glide.levels = 0;
    this.#velocity = { x: 0, y: 0 };
  }

  get moving() {
    return this.#glide.levels !== 0 || this.#velocity.x !== 0 || this.#velocity.y !== 0;
  }

  /** Whether all that the window shows is there, and nothing moves. */
  get settled() {
    return !this.moving && !this.#stale && this.#outdated === 0 && this.missing === 0;
  }

  missing = 1;

  /** @param {number} now */
  #frame(now) {
    this.#scheduled = false;
    const gap = now - this.#lastFrame;
    const seconds = Math.min(0.1, gap / 1000);
    if (gap < 500) this.gaps = [...this.gaps.slice(-599), gap];
    this.#lastFrame = now;
    this.#advance(seconds);
    if (this.#stale) {
      this.#stale = false;
      this.#draw();
      if (this.#drawn % 6 === 0 || !this.moving) this.#told.drawn();
    }
    if (this.moving || this.cycling !== 0) this.redraw();
  }

  /** @param {number} seconds */
  #advance(seconds) {
    const glide = this.#glide;
    if (glide.levels !== 0) {
      let step = glide.levels * (1 - Math.exp(-SMOOTHING * seconds));
      if (Math.abs(glide.levels - step) < 0.002) step = glide.levels;
      glide.levels -= step;
      this.go(zoomed(this.state.place, this.size, step, glide.x, glide.y));
      // The end is where it would have been at once: no sum of steps drifts from it.
      if (glide.levels === 0) this.state.place.level = Math.round(this.state.place.level * 1e9) / 1e9;
    }
    const velocity = this.#velocity;
    if (velocity.x !== 0 || velocity.y !== 0) {
      this.go(moved(this.state.place, this.size, velocity.x * seconds, velocity.y * seconds));
      const left = Math.exp(-4 * seconds);
      this.#velocity = { x: velocity.x * left, y: velocity.y * left };
      if (Math.hypot(this.#velocity.x, this.#velocity.y) < 8) this.#velocity = { x: 0, y: 0 };
    }
    this.#turned = this.cycling === 0 ? 0 : (this.#turned + this.cycling * seconds) % 1;
  }

  #draw() {
    this.#drawn += 1;
    const { state } = this;
    this.tiles.frame = this.#drawn;
    this.seen = this.#visible(this.#look());
    const waiting = this.painter.draw(this.seen, {
      brush: this.#brushFor(this.seen),
      density: this.density,
      rotation: state.place.rotation,
      ground: state.colours.interior,
      tinted: this.tinted,
      moving: this.moving,
    });
    if (waiting) this.redraw();
    if (this.seen.length > 0) this.#mark("first tile");
    if (this.missing === 0 && !waiting) this.#mark("whole picture");
  }

  /** Tells the browser's own timeline when something was there for the first time. @param {string} what */
  #mark(what) {
    if (this.#marked.has(what)) return;
    this.#marked.add(what);
    performance.mark(what);
  }

  /** Asks for what the window should show, and gives the level of it. */
  #look() {
    const { state, size, tiles } = this;
    if (tiles.look(state, fieldQuery(state), CHANNELS[state.colours.colouring])) this.#wantedAt = null;
    const z = tileLevel(state.place, size, this.density);
    this.#want(z);
    return z;
  }

  /** @param {number} z */
  #want(z) {
    const { place } = this.state;
    if (this.#wantedAt === place) return;
    this.#wantedAt = place;
    const middle = grid(place, z);
    const side = tileSide(place, this.size, z);
    const half = [this.size.width / 2, this.size.height / 2];
    const around = this.moving ? 0 : MARGIN;
    const wanted = cover(place, this.size, z, around).map((address) => {
      const at = position(address, middle, side);
      const [x, y] = [at.x + side / 2, at.y + side / 2];
      const seen = place.rotation !== 0 || (Math.abs(x) < half[0] + side / 2 && Math.abs(y) < half[1] + side / 2);
      return { address, key: keyOf(address), urgency: seen ? 2 : 5, far: Math.hypot(x - this.pointer.x, y - this.pointer.y) };
    });
    wanted.sort((a, b) => a.urgency - b.urgency || a.far - b.far);
    this.tiles.want(wanted);
    this.#covering = cover(place, this.size, z).map(keyOf);
  }

  /** The tiles that the window shows, of the level that is wanted. @type {string[]} */
  #covering = [];

  /** What there is of the window, coarse tiles first; those of other levels only where the right ones are missing. @param {number} z */
  #visible(z) {
    const { place } = this.state;
    this.missing = this.#covering.filter((key) => !this.tiles.has(key)).length;
    const [lowest, highest] = this.missing > 0 ? [z - COARSER, z + FINER] : [z, z];
    const { across, along } = reach(place, this.size);
    /** @type {Map<number, { middle: ReturnType<typeof grid>, side: number }>} */
    const levels = new Map();
    const list = [];
    for (const tile of this.tiles.all()) {
      const level = tile.address.z;
      if (level < lowest || level > highest) continue;
      if (!levels.has(level)) levels.set(level, { middle: grid(place, level), side: tileSide(place, this.size, level) });
      const { middle, side } = /** @type {{ middle: ReturnType<typeof grid>, side: number }} */ (levels.get(level));
      const { x, y } = position(tile.address, middle, side);
      if (x >= across || y >= along || x + side <= -across || y + side <= -along) continue;
      tile.used = this.#drawn;
      list.push({ tile, x, y, side, wanted: level === z });
    }
    // Those wanted lie above all others.
    const height = (/** @type {Seen} */ { tile, wanted }) => (wanted ? Infinity : tile.address.z);
    return list.sort((a, b) => (height(a) === height(b) ? 0 : height(a) - height(b)));
  }

  /** @type {Seen[]} */
  seen = [];

  /** The brush of the present colours, the same one as long as they are the same. @param {Seen[]} list */
  #brushFor(list) {
    const { colours, place } = this.state;
    const stops = this.stopsOf(colours.palette);
    const gradientOf = JSON.stringify(stops);
    if (this.#gradient?.of !== gradientOf) this.#gradient = { of: gradientOf, light: gradient(stops) };
    const next = new Brush({ ...colours, offset: colours.offset + this.#turned }, this.#gradient.light, {
      quantiles: colours.colouring === "histogram" ? this.#quantilesFor(list) : null,
      rotation: colours.colouring === "slope" ? place.rotation : 0,
    });
    if (!this.#brush?.paintsAs(next)) this.#brush = next;
    return /** @type {Brush} */ (this.#brush);
  }

  /** The quantiles of what is seen; for a while those of what was seen, so that colours keep still while the view moves. @param {Seen[]} list */
  #quantilesFor(list) {
    const { place } = this.state;
    const now = performance.now();
    if (this.#placedAt.place !== place) this.#placedAt = { place, time: now };
    const of = `${place.re} ${place.im} ${place.level} ${place.rotation} ${list.map(({ tile }) => tile.key).join()}`;
    clearTimeout(this.#outdated);
    this.#outdated = 0;
    if (this.#quantiles && this.#quantiles.of !== of) {
      const still = now - this.#placedAt.time > STILL;
      const old = now - this.#quantiles.at > (still ? OLD_WHEN_STILL : OLD_WHEN_MOVING);
      if (!old && !(still && this.missing === 0)) this.#outdated = window.setTimeout(() => this.redraw(), STILL);
    }
    if (this.#quantiles?.of !== of && this.#outdated === 0) {
      this.#quantiles = { of, at: now, values: quantilesOf(list, this.size, place.rotation) };
    }
    return /** @type {{ values: Float64Array }} */ (this.#quantiles).values;
  }

  /** The count of the point under a pixel from the middle of the window, where it is known. @param {number} x @param {number} y */
  countAt(x, y) {
    const angle = (this.state.place.rotation * Math.PI) / 180;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const [right, down] = [x * c + y * s, y * c - x * s];
    for (let i = this.seen.length - 1; i >= 0; i -= 1) {
      const { tile, x: left, y: top, side } = this.seen[i];
      const [column, row] = [Math.floor(((right - left) / side) * 256), Math.floor(((down - top) / side) * 256)];
      if (column >= 0 && column < 256 && row >= 0 && row < 256) return { count: tile.counts[row * 256 + column], index: row * 256 + column, tile };
    }
    return null;
  }
}
