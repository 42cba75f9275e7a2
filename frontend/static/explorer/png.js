// The view that a PNG of ours says: /render.png writes it before the pixels, as the JSON of a text chunk (W3C PNG, third edition, §11.3.3).

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** The text comes before the pixels; of a long file no more is read. Coordinates have at most a few ten thousand digits. */
const MOST_BYTES = 1 << 20;
const KEYWORD = "Tilebrot";
/** What a picture has and a window has not. */
const SIZE = ["width", "height", "samples"];

/** @param {Uint8Array} bytes */
const isPng = (bytes) => SIGNATURE.every((byte, i) => bytes[i] === byte);

/**
 * The query of the view in a file, or null where the file is no PNG.
 * @param {File} file
 * @returns {Promise<string | null>}
 * @throws with a sentence for people, when it is a PNG and says no view
 */
export async function viewOfPng(file) {
  const bytes = new Uint8Array(await file.slice(0, MOST_BYTES).arrayBuffer());
  if (!isPng(bytes)) return null;
  const data = new DataView(bytes.buffer);
  for (let at = SIGNATURE.length; at + 12 <= bytes.length; ) {
    const length = data.getUint32(at);
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 8 + length;
    if (kind === "IDAT" || kind === "IEND" || end + 4 > bytes.length) break;
    if (kind === "tEXt") {
      const said = bytes.subarray(at + 8, end);
      const nought = said.indexOf(0);
      if (String.fromCharCode(...said.subarray(0, Math.max(0, Math.min(nought, 80)))) === KEYWORD) return queryOf(said.subarray(nought + 1));
    }
    at = end + 4;
  }
  throw new Error("this PNG does not say what it shows: only pictures that Tilebrot drew, and that nobody has edited since, do.");
}

/** @param {Uint8Array} json */
function queryOf(json) {
  let fields;
  try {
    fields = JSON.parse(new TextDecoder().decode(json));
  } catch {
    fields = null;
  }
  const usable = (/** @type {unknown} */ value) => typeof value === "string" || typeof value === "number";
  if (typeof fields !== "object" || fields === null || !Object.values(fields).every(usable)) throw new Error("what this PNG says of its view cannot be read.");
  const said = Object.entries(fields).filter(([name]) => !SIZE.includes(name));
  return new URLSearchParams(said.map(([name, value]) => [name, `${value}`])).toString();
}
