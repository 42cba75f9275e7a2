// The stops of a palette that is being edited, of which one is in hand.

import { encode, gradient } from "./colours.js";
import { LEAST_STOPS, MOST_STOPS, roundedPosition } from "./stops.js";

/** @typedef {import("./colours.js").Stop} Stop */

export class StopList {
  /** @type {Stop[]} */
  all = [];
  /** The one in hand. */
  at = 0;

  get inHand() {
    return this.all[this.at];
  }

  get isFull() {
    return this.all.length >= MOST_STOPS;
  }

  get isLeast() {
    return this.all.length <= LEAST_STOPS;
  }

  /** Another palette. @param {Stop[]} stops */
  take(stops) {
    this.all = stops;
    this.at = Math.min(this.at, stops.length - 1);
  }

  /** @param {number} by */
  choose(by) {
    this.at = (this.at + by + this.all.length) % this.all.length;
  }

  /** @param {number} position */
  chooseNearest(position) {
    const far = this.all.map((stop) => Math.abs(stop.position - position));
    this.at = far.indexOf(Math.min(...far));
  }

  /** Moves the stop in hand as far as its neighbours let it. @param {number} position @returns {boolean} whether that is anywhere else */
  move(position) {
    const [least, most] = [this.all[this.at - 1]?.position ?? 0, this.all[this.at + 1]?.position ?? 1];
    const clamped = roundedPosition(Math.min(most, Math.max(least, position)));
    if (clamped === this.inHand.position) return false;
    this.#replace({ ...this.inHand, position: clamped });
    return true;
  }

  /** @param {Stop["colour"]} colour */
  recolour(colour) {
    this.#replace({ ...this.inHand, colour });
  }

  /** Adds a stop of the colour that is there already, and takes it in hand. @param {number} position */
  add(position) {
    const light = gradient(this.all);
    const entry = 3 * (Math.floor((position * light.length) / 3) % (light.length / 3));
    const colour = /** @type {Stop["colour"]} */ ([0, 1, 2].map((channel) => encode(light[entry + channel])));
    this.at = this.all.findLastIndex((stop) => stop.position <= position) + 1;
    this.all = this.all.toSpliced(this.at, 0, { position: roundedPosition(position), colour });
  }

  /** Half way from the stop in hand to the next one, or to the end. */
  get behind() {
    return (this.inHand.position + (this.all[this.at + 1]?.position ?? 1)) / 2;
  }

  /** Takes the stop in hand away, and its neighbour in hand. */
  remove() {
    this.all = this.all.toSpliced(this.at, 1);
    this.at = Math.max(0, this.at - 1);
  }

  /** @param {Stop} stop */
  #replace(stop) {
    this.all = this.all.with(this.at, stop);
  }
}
