// Mouse, pen and fingers on the picture: drag with inertia, wheel and pinch about the pointer, two fingers to turn,
// double-click, and a box with shift.

/** Levels of a wheel's notch: two of them are twice the size. */
const NOTCH = 0.5;
/** Radians that two fingers must turn before the picture does. */
const LEAST_TURN = 0.15;

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @param {HTMLElement} box shown where a box is drawn
 * @param {{ pointed: () => void }} told
 */
export function listen(viewer, box, told) {
  const { canvas } = viewer;
  /** @type {Map<number, { x: number, y: number }>} */
  const fingers = new Map();
  /** @type {{ x: number, y: number, time: number }[]} */
  let trail = [];
  /** @type {{ x: number, y: number } | null} */
  let corner = null;
  /** @type {{ distance: number, angle: number, turning: boolean, x: number, y: number } | null} */
  let pinch = null;

  const place = (/** @type {MouseEvent} */ event) => {
    const frame = canvas.getBoundingClientRect();
    return { x: event.clientX - frame.left - frame.width / 2, y: event.clientY - frame.top - frame.height / 2 };
  };
  const pair = () => {
    const [a, b] = [...fingers.values()];
    const [x, y] = [(a.x + b.x) / 2, (a.y + b.y) / 2];
    return { distance: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)), angle: Math.atan2(b.y - a.y, b.x - a.x), turning: false, x, y };
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    viewer.stop();
    viewer.pointer = place(event);
    told.pointed();
    fingers.set(event.pointerId, place(event));
    trail = [];
    corner = event.shiftKey && fingers.size === 1 ? place(event) : null;
    pinch = fingers.size === 2 ? pair() : null;
  });

  canvas.addEventListener("pointermove", (event) => {
    const now = place(event);
    viewer.pointer = now;
    told.pointed();
    const before = fingers.get(event.pointerId);
    if (!before) return;
    fingers.set(event.pointerId, now);
    if (corner) {
      outline(corner, now);
    } else if (pinch && fingers.size === 2) {
      const next = pair();
      viewer.pan(pinch.x - next.x, pinch.y - next.y);
      viewer.pinch(Math.log2(next.distance / pinch.distance), next.x, next.y);
      const turn = Math.atan2(Math.sin(next.angle - pinch.angle), Math.cos(next.angle - pinch.angle));
      next.turning = pinch.turning || Math.abs(turn) > LEAST_TURN;
      if (next.turning && pinch.turning) viewer.turn((turn * 180) / Math.PI);
      else if (!next.turning) next.angle = pinch.angle;
      pinch = next;
    } else if (fingers.size === 1) {
      viewer.pan(before.x - now.x, before.y - now.y);
      trail = [...trail.slice(-7), { ...now, time: event.timeStamp }];
    }
  });

  const release = (/** @type {PointerEvent} */ event) => {
    if (!fingers.delete(event.pointerId)) return;
    pinch = fingers.size === 2 ? pair() : null;
    if (corner) {
      const [from, to] = [corner, place(event)];
      corner = null;
      box.hidden = true;
      zoomInto(from, to);
    } else if (fingers.size === 0 && event.type === "pointerup") {
      const recent = trail.filter(({ time }) => event.timeStamp - time < 80);
      const [first, last] = [recent[0], recent.at(-1)];
      const seconds = first && last ? (last.time - first.time) / 1000 : 0;
      if (seconds > 0.01 && last) viewer.fling((first.x - last.x) / seconds, (first.y - last.y) / seconds);
    }
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);

  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { x, y } = place(event);
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 33 : event.deltaY;
    // A pinch on a touchpad comes as a wheel with Ctrl, in finer steps.
    const notches = (event.ctrlKey ? lines * 8 : lines) / 100;
    viewer.zoom(-NOTCH * Math.max(-4, Math.min(4, notches)), x, y);
  }, { passive: false });

  canvas.addEventListener("dblclick", (event) => {
    const { x, y } = place(event);
    viewer.zoom(event.shiftKey || event.altKey ? -1 : 1, x, y);
  });

  /** @param {{ x: number, y: number }} from @param {{ x: number, y: number }} to */
  function outline(from, to) {
    const frame = canvas.getBoundingClientRect();
    box.hidden = false;
    box.style.left = `${Math.min(from.x, to.x) + frame.width / 2}px`;
    box.style.top = `${Math.min(from.y, to.y) + frame.height / 2}px`;
    box.style.width = `${Math.abs(from.x - to.x)}px`;
    box.style.height = `${Math.abs(from.y - to.y)}px`;
  }

  /** @param {{ x: number, y: number }} from @param {{ x: number, y: number }} to */
  function zoomInto(from, to) {
    const [width, height] = [Math.abs(from.x - to.x), Math.abs(from.y - to.y)];
    if (width < 8 || height < 8) return;
    viewer.pan((from.x + to.x) / 2, (from.y + to.y) / 2);
    viewer.zoom(Math.log2(Math.min(viewer.size.width / width, viewer.size.height / height)));
  }
}
