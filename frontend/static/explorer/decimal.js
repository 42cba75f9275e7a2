// Numbers of any length: a fixed-point number is a BigInt `value` that stands for value / 2^bits. No float
// ever holds a coordinate of the plane; floats hold distances on the screen.

const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i;
const LARGEST_EXPONENT = 1_000_000;
const LOG2_OF_10 = Math.log2(10);

/**
 * Sign, digits and exponent: the number is ± digits · 10^exponent. Null where the text is no decimal.
 * @param {string} text
 * @returns {{ negative: boolean, digits: string, exponent: number } | null}
 */
export function parse(text) {
  const parts = PATTERN.exec(text.trim());
  if (!parts) return null;
  const [, sign, whole, fraction = "", power = "0"] = parts;
  if (whole.length + fraction.length === 0 || Math.abs(Number(power)) > LARGEST_EXPONENT) return null;
  return { negative: sign === "-", digits: whole + fraction, exponent: Number(power) - fraction.length };
}

/**
 * The nearest fixed-point number; null where the text is no decimal.
 * @param {string} text
 * @param {number} bits
 */
export function toFixed(text, bits) {
  const number = parse(text);
  if (!number) return null;
  let value = BigInt(number.digits || "0") << BigInt(bits + 1);
  if (number.exponent > 0) value *= 10n ** BigInt(number.exponent);
  else value /= 10n ** BigInt(-number.exponent);
  value = (value + 1n) >> 1n;
  return number.negative ? -value : value;
}

/** Bits after the point that keep every digit of the text. @param {string} text */
export function bitsOf(text) {
  const number = parse(text);
  return number ? Math.max(0, Math.ceil(-number.exponent * LOG2_OF_10) + 4) : 0;
}

/**
 * The number rounded to `places` decimal places, without zeros at its end.
 * @param {bigint} value
 * @param {number} bits
 * @param {number} places
 */
export function print(value, bits, places) {
  const negative = value < 0n;
  const scaled = ((negative ? -value : value) * 10n ** BigInt(places) * 2n + (1n << BigInt(bits))) >> BigInt(bits + 1);
  const digits = scaled.toString().padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  const fraction = places > 0 ? digits.slice(-places).replace(/0+$/, "") : "";
  const text = fraction ? `${whole}.${fraction}` : whole;
  return negative && scaled !== 0n ? `-${text}` : text;
}

/**
 * value · 2^(power - bits) as a float, which is right however far apart the exponents are.
 * @param {bigint} value
 * @param {number} bits
 * @param {number} power
 */
export function scaled(value, bits, power) {
  const shift = Math.floor(bits - power) - 64;
  const rest = 2 ** (power - bits + shift);
  return Number(shift >= 0 ? value >> BigInt(shift) : value << BigInt(-shift)) * rest;
}

/** log₂ of positive decimal text; NaN for anything else. @param {string} text */
export function log2(text) {
  const number = parse(text);
  const digits = number?.digits.replace(/^0+/, "");
  if (!number || number.negative || !digits) return NaN;
  const head = digits.slice(0, 17);
  return Math.log2(Number(head)) + (digits.length - head.length + number.exponent) * LOG2_OF_10;
}

/**
 * 2^level as decimal text of so many digits: 40, 18000, 1.25e31.
 * @param {number} level
 * @param {number} digits
 */
export function powerOfTwo(level, digits = 9) {
  const power = level / LOG2_OF_10;
  if (power > -4 && power < 15) return `${Number((2 ** level).toPrecision(digits))}`;
  let exponent = Math.floor(power);
  let mantissa = Number((10 ** (power - exponent)).toPrecision(digits));
  if (mantissa >= 10) [mantissa, exponent] = [1, exponent + 1];
  return `${mantissa}e${exponent}`;
}
