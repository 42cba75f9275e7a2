// How the graphics processor colours a tile: the same as `Brush` of colours.js, for each pixel of the window anew, so
// that other colours cost nothing but another number. Counts are textures; what lies between their pixels is mixed from
// colours and not from counts, whose mean is no count of anything.

import { ENTRIES, LAMP_HEIGHT, NO_DIRECTION, SOFTNESS } from "./colours.js";
import { TILE } from "./plane.js";

/** The gradient's texture is so wide: every device has textures of that size. */
export const GRADIENT_SIDE = Math.sqrt(ENTRIES);
/** In the order in which the shader numbers them. */
export const COLOURINGS = ["smooth", "bands", "histogram", "distance", "slope"];
/** Stands for infinity, which not every device tells from other numbers. */
export const NEVER = 1e30;

export const VERTEX = `#version 300 es
// The tile's edges: left, top, right and bottom, in pixels from the middle of the window before it is turned.
uniform vec4 edges;
// Cosine and sine of the rotation, and two over the window's size.
uniform vec4 window;
out vec2 at;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  at = corner * ${TILE}.0;
  vec2 p = mix(edges.xy, edges.zw, corner);
  gl_Position = vec4(vec2(p.x * window.x - p.y * window.y, -p.x * window.y - p.y * window.x) * window.zw, 0.0, 1.0);
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
uniform sampler2D counts;
uniform sampler2D shades;
uniform sampler2D gradient;
uniform sampler2D quantiles;
uniform int colouring;
// Where the gradient begins, and how fast it is passed through.
uniform vec2 pace;
uniform vec3 interior;
// Pixels of the window to one of the tile, and the direction to the lamp.
uniform float scale;
uniform float lamp;
// Whether the tile's pixels are the window's.
uniform bool exact;
in vec2 at;
out vec4 colour;

vec3 light(float turns) {
  int entry = int(fract(turns) * ${ENTRIES}.0) & ${ENTRIES - 1};
  return texelFetch(gradient, ivec2(entry % ${GRADIENT_SIDE}, entry / ${GRADIENT_SIDE}), 0).rgb;
}

vec3 encoded(vec3 light) {
  return mix(light * 12.92, 1.055 * pow(light, vec3(1.0 / 2.4)) - 0.055, greaterThan(light, vec3(0.0031308)));
}

float quantile(int i) {
  return texelFetch(quantiles, ivec2(i, 0), 0).r;
}

float rank(float count) {
  int size = textureSize(quantiles, 0).x;
  int low = 0;
  int high = size;
  while (low < high) {
    int middle = (low + high) / 2;
    if (quantile(middle) <= count) low = middle + 1;
    else high = middle;
  }
  if (low == 0) return 0.0;
  if (low == size) return 1.0;
  float left = quantile(low - 1);
  return (float(low - 1) + (count - left) / (quantile(low) - left)) / float(size - 1);
}

vec3 texel(ivec2 place) {
  place = clamp(place, ivec2(0), ivec2(${TILE - 1}));
  float count = texelFetch(counts, place, 0).r;
  if (count >= ${NEVER.toExponential()}) return interior;
  float shade = texelFetch(shades, place, 0).r;
  if (colouring == 2) return encoded(light(pace.x + pace.y * rank(count)));
  vec3 own = light(pace.x + pace.y * sqrt(max(0.0, colouring == 1 ? shade : count)) / 8.0);
  if (colouring == 3) {
    float near = min(shade * scale / ${SOFTNESS.toFixed(1)}, 3.0);
    own *= near * (27.0 + near * near) / (27.0 + 9.0 * near * near);
  } else if (colouring == 4) {
    float facing = shade == ${NO_DIRECTION}.0 ? 0.0 : cos(shade - lamp);
    own *= (facing + ${LAMP_HEIGHT.toFixed(1)}) / ${(1 + LAMP_HEIGHT).toFixed(1)};
  }
  return encoded(own);
}

void main() {
  if (exact) {
    colour = vec4(texel(ivec2(at)), 1.0);
    return;
  }
  vec2 between = at - 0.5;
  ivec2 first = ivec2(floor(between));
  vec2 share = fract(between);
  vec3 upper = mix(texel(first), texel(first + ivec2(1, 0)), share.x);
  vec3 lower = mix(texel(first + ivec2(0, 1)), texel(first + ivec2(1, 1)), share.x);
  colour = vec4(mix(upper, lower, share.y), 1.0);
}`;
