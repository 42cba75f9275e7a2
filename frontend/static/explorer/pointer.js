// Mouse, pen and fingers on the picture: drag with inertia, wheel and pinch about the pointer, two fingers to turn,
// double-click, and a box with shift.

/** Levels of a wheel's notch: two of them are twice the size. */
const NOTCH = 0.5;
/** Radians that two fingers must turn before the picture does. */
const LEAST_TURN = 0.15;

/** @typedef {{ x: number, y: number }} Point from the canvas's middle */
/** @typedef {{ distance: number, angle: number, turning: boolean, x: number, y: number }} Pinch two fingers, and their middle */

export class Hands {
  #viewer;
  #box;
  #told;
  /** @type {Map<number, Point>} */
  #fingers = new Map();
  /** Where the one finger was of late. @type {(Point & { time: number })[]} */
  #trail = [];
  /** Where a box was begun. @type {Point | null} */
  #corner = null;
  /** @type {Pinch | null} */
  #pinch = null;

  /**
   * @param {import("./viewer.js").Viewer} viewer
   * @param {HTMLElement} box shown where a box is drawn
   * @param {{ pointed: () => void }} told
   */
  constructor(viewer, box, told) {
    this.#viewer = viewer;
    this.#box = box;
    this.#told = told;
    const { canvas } = viewer;
    canvas.addEventListener("pointerdown", (event) => this.#press(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#release(event));
    canvas.addEventListener("pointercancel", (event) => this.#release(event));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("dblclick", (event) => {
      const { x, y } = this.#place(event);
      viewer.zoom(event.shiftKey || event.altKey ? -1 : 1, x, y);
    });
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button !== 0) return;
    this.#viewer.canvas.setPointerCapture(event.pointerId);
    this.#viewer.stop();
    const now = this.#point(event);
    this.#fingers.set(event.pointerId, now);
    this.#trail = [];
    this.#corner = event.shiftKey && this.#fingers.size === 1 ? now : null;
    this.#pinch = this.#pair();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const now = this.#point(event);
    const before = this.#fingers.get(event.pointerId);
    if (!before) return;
    this.#fingers.set(event.pointerId, now);
    const next = this.#pair();
    if (this.#corner) {
      this.#outline(this.#corner, now);
    } else if (this.#pinch && next) {
      this.#pinch = this.#follow(this.#pinch, next);
    } else if (this.#fingers.size === 1) {
      this.#viewer.pan(before.x - now.x, before.y - now.y);
      this.#trail = [...this.#trail.slice(-7), { ...now, time: event.timeStamp }];
    }
  }

  /** @param {PointerEvent} event */
  #release(event) {
    if (!this.#fingers.delete(event.pointerId)) return;
    this.#pinch = this.#pair();
    if (this.#corner) {
      const from = this.#corner;
      this.#corner = null;
      this.#box.hidden = true;
      this.#zoomInto(from, this.#place(event));
    } else if (this.#fingers.size === 0 && event.type === "pointerup") {
      this.#fling(event.timeStamp);
    }
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const { x, y } = this.#place(event);
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 33 : event.deltaY;
    // A pinch on a touchpad comes as a wheel with Ctrl, in finer steps.
    const notches = (event.ctrlKey ? lines * 8 : lines) / 100;
    this.#viewer.zoom(-NOTCH * Math.max(-4, Math.min(4, notches)), x, y);
  }

  /** Where a pointer is, which is told. @param {PointerEvent} event */
  #point(event) {
    const now = this.#place(event);
    this.#viewer.pointer = now;
    this.#told.pointed();
    return now;
  }

  /** @param {MouseEvent} event @returns {Point} */
  #place(event) {
    const frame = this.#viewer.canvas.getBoundingClientRect();
    return { x: event.clientX - frame.left - frame.width / 2, y: event.clientY - frame.top - frame.height / 2 };
  }

  /** The fingers, if they are two. @returns {Pinch | null} */
  #pair() {
    if (this.#fingers.size !== 2) return null;
    const [a, b] = [...this.#fingers.values()];
    const [x, y] = [(a.x + b.x) / 2, (a.y + b.y) / 2];
    return { distance: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)), angle: Math.atan2(b.y - a.y, b.x - a.x), turning: false, x, y };
  }

  /** Answers from where to go on. @param {Pinch} before @param {Pinch} next */
  #follow(before, next) {
    this.#viewer.pan(before.x - next.x, before.y - next.y);
    this.#viewer.pinch(Math.log2(next.distance / before.distance), next.x, next.y);
    const turn = Math.atan2(Math.sin(next.angle - before.angle), Math.cos(next.angle - before.angle));
    const turning = before.turning || Math.abs(turn) > LEAST_TURN;
    if (turning && before.turning) this.#viewer.turn((turn * 180) / Math.PI);
    return { ...next, turning, angle: turning ? next.angle : before.angle };
  }

  /** Lets the picture go on as the finger went when it left. @param {number} now in milliseconds */
  #fling(now) {
    const recent = this.#trail.filter(({ time }) => now - time < 80);
    const [first, last] = [recent[0], recent.at(-1)];
    const seconds = first && last ? (last.time - first.time) / 1000 : 0;
    if (seconds > 0.01 && last) this.#viewer.fling((first.x - last.x) / seconds, (first.y - last.y) / seconds);
  }

  /** @param {Point} from @param {Point} to */
  #outline(from, to) {
    const frame = this.#viewer.canvas.getBoundingClientRect();
    const { style } = this.#box;
    this.#box.hidden = false;
    style.left = `${Math.min(from.x, to.x) + frame.width / 2}px`;
    style.top = `${Math.min(from.y, to.y) + frame.height / 2}px`;
    style.width = `${Math.abs(from.x - to.x)}px`;
    style.height = `${Math.abs(from.y - to.y)}px`;
  }

  /** @param {Point} from @param {Point} to */
  #zoomInto(from, to) {
    const [width, height] = [Math.abs(from.x - to.x), Math.abs(from.y - to.y)];
    if (width < 8 || height < 8) return;
    const { size } = this.#viewer;
    this.#viewer.pan((from.x + to.x) / 2, (from.y + to.y) / 2);
    this.#viewer.zoom(Math.log2(Math.min(size.width / width, size.height / height)));
  }
}
