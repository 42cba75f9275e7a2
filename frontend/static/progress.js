// How far the picture is, in a bar and in words; and, when there is none, why.

/**
 * The account of a render, as the server sends it.
 * @typedef {object} Report
 * @property {"waiting" | "surveying" | "drawing" | "finished" | "failed" | "abandoned"} state
 * @property {number | null} orbit how far the reference orbit is, from 0 to 1, while it is waited for
 * @property {number | null} iterations the limit that was used
 * @property {string | null} tier the arithmetic that was used
 * @property {number} pieces those that have arrived
 * @property {number} rows
 * @property {number} rows_done
 * @property {number} png_bytes
 * @property {number} retries
 * @property {number} doubles
 * @property {number} elapsed_seconds
 * @property {string | null} cause why there is no picture
 * @property {import("./workers.js").Share[]} workers
 */

/** @param {number} count @param {string} thing */
const counted = (count, thing) => `${count.toLocaleString("en")} ${thing}${count === 1 ? "" : "s"}`;

/** @param {Report} report */
function words(report) {
  const seconds = `${report.elapsed_seconds.toFixed(report.elapsed_seconds < 10 ? 2 : 0)} s`;
  const pieces = counted(report.pieces, "piece");
  switch (report.state) {
    case "waiting":
      return "Waiting for the picture to be asked for.";
    case "surveying":
      if (report.orbit !== null) {
        return `Reference orbit ${Math.floor(100 * report.orbit)} % (${seconds}).`;
      }
      return `A worker looks at the view as a whole (${seconds}).`;
    case "drawing":
      return `Drawing: ${report.rows_done} of ${counted(report.rows, "row")}, ${pieces} so far, ${seconds}`;
    case "finished": {
      const again = report.retries + report.doubles;
      const repeated = again > 0 ? `; ${counted(again, "piece")} asked for again` : "";
      return `Drawn in ${seconds}: ${pieces} by ${counted(report.workers.length, "worker")}${repeated}.`;
    }
    case "failed":
      return `Failed after ${seconds}.`;
    case "abandoned":
      return `The picture was broken off after ${seconds}.`;
  }
}

/**
 * @param {Report} report
 * @param {(id: string) => HTMLElement} element
 */
export function showProgress(report, element) {
  element("status").textContent = words(report);
  const bar = /** @type {HTMLProgressElement} */ (element("progress"));
  bar.hidden = report.state !== "surveying" && report.state !== "drawing";
  const orbit = report.state === "surveying" ? report.orbit : null;
  bar.ariaLabel = orbit === null ? "Rows drawn" : "Reference orbit";
  bar.max = orbit === null ? Math.max(report.rows, 1) : 1;
  bar.value = orbit ?? report.rows_done;
  if (report.iterations !== null) {
    element("iterations").textContent = report.iterations.toLocaleString("en");
  }
  if (report.tier !== null) {
    element("tier").textContent = report.tier;
  }
  if (report.cause !== null) {
    element("cause").textContent = `There is no picture: ${report.cause}.`;
    element("cause").hidden = false;
    element("picture").hidden = true;
    element("download").hidden = true;
  }
}
