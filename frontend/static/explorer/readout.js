// What the picture shows, in words and digits: the centre, the zoom, how large that is, and the count under the pointer.

import { powerOfTwo } from "./decimal.js";
import { centreText, zoomText } from "./plane.js";

/** What the whole set, from its head to its heel, would be as large as if the window were a metre high: each so many metres. */
const SIZES = [
  [1.6, "a door"], [8, "a house"], [60, "a cathedral"], [330, "the Eiffel Tower"], [2000, "a village"],
  [8849, "Mount Everest"], [4e4, "a great city"], [3e5, "Ireland"], [3.5e6, "the Moon"], [1.27e7, "the Earth"], [1.4e8, "Jupiter"],
  [1.4e9, "the Sun"], [3e11, "the orbit of the Earth"], [9e12, "the Solar System"], [4e16, "the way to the next star"],
  [1e21, "the Milky Way"], [8.8e26, "the observable universe"],
].map(([metres, name]) => ({ level: Math.log2(Number(metres)), name: String(name) }));

/** How large the whole set is now, for people. @param {number} level */
export function scaleCaption(level) {
  const last = SIZES[SIZES.length - 1];
  if (level < -3) return "The whole set is a speck.";
  if (level < 2) return "The whole set fits the window.";
  if (level > last.level + 3) {
    const power = Math.floor((level - last.level) / Math.log2(10));
    return `On a window a metre high, the whole set would be 10${superscript(power)} observable universes wide.`;
  }
  const nearest = SIZES.reduce((best, size) => (Math.abs(size.level - level) < Math.abs(best.level - level) ? size : best));
  return `On a window a metre high, the whole set would be about the size of ${nearest.name}.`;
}

/** @param {number} number */
const superscript = (number) => [...`${number}`].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("");

/** A long number's two ends. @param {string} text */
export const short = (text) => (text.length > 26 ? `${text.slice(0, 14)}…${text.slice(-6)}` : text);

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @param {(id: string) => HTMLElement} element
 */
export function showReadout(viewer, element) {
  const { place } = viewer.state;
  const { re, im } = centreText(place, viewer.size);
  put(element("centre-short"), `${short(re)} ${im.startsWith("-") ? "−" : "+"} ${short(im.replace("-", ""))} i`);
  put(element("centre-re"), re);
  put(element("centre-im"), im);
  put(element("zoom-short"), `${powerOfTwo(place.level, 4)}×`);
  put(element("zoom"), place.zoomSaid ?? zoomText(place));
  put(element("scale"), scaleCaption(place.level));
  const limits = viewer.seen.flatMap(({ tile }) => (tile.iterations ? [tile.iterations] : []));
  put(element("limit"), limits.length > 0 ? Math.max(...limits).toLocaleString("en") : "–");
  put(element("tier"), tierOf(viewer));
  showCount(viewer, element);
}

/** Whether f64 tells the pixels apart. @param {import("./viewer.js").Viewer} viewer */
const isDirect = ({ state: { place, quality } }) => place.level < (quality === "fast" ? 36 : quality === "exact" ? 3 : 22);

/** Which arithmetic the depth needs. @param {import("./viewer.js").Viewer} viewer */
export function tierOf(viewer) {
  const { place } = viewer.state;
  if (isDirect(viewer)) return "direct, in 64-bit floats";
  return place.level < 1000 ? "perturbation around a reference orbit" : "perturbation, with a wider exponent";
}

/** @param {import("./viewer.js").Viewer} viewer @param {(id: string) => HTMLElement} element */
export function showCount(viewer, element) {
  const under = viewer.countAt(viewer.pointer.x, viewer.pointer.y);
  const count = under === null ? "…" : under.count === Infinity ? "never escapes" : under.count.toFixed(2);
  put(element("count"), count);
}

/** @param {HTMLElement} element @param {string} text */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
