//! Where is a tile? In a quadtree: the root is the square of side 4 centred on -0.5 + 0i, every tile has four children, `x` grows to the
//! right and `y` downwards. A tile's place and its view follow exactly from its address, at any depth.

use std::fmt;

use crate::{Decimal, Fault, FieldError, FieldErrors, Limits, Natural, Rect, View};

/// A tile's pixels along each side.
const SIDE: u32 = 256;
/// Tiles of so many levels have their reference orbits from the same ancestor.
const GROUP: u32 = 4;
/// The deepest level at all: exact decimals of places so deep take some ten milliseconds to write, and twice the depth takes four times
/// as long.
const DEEPEST: u32 = 32_760;
/// The ancestor is at least so many levels up, so that a pan stays long within its neighbourhood.
const LEAST_RISE: u32 = 2;

/// A tile of the quadtree.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TileAddress {
    z: u32,
    x: Natural,
    y: Natural,
}

/// A step from a tile to one beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where `x` is less.
    Left,
    /// Where `x` is more.
    Right,
    /// Where `y` is less.
    Up,
    /// Where `y` is more.
    Down,
}

impl Side {
    /// All four.
    pub const ALL: [Side; 4] = [Side::Left, Side::Right, Side::Up, Side::Down];
}

impl TileAddress {
    /// A tile's pixels along each side.
    pub const SIDE: u32 = SIDE;

    /// The tile that is the whole world.
    pub fn root() -> TileAddress {
        TileAddress {
            z: 0,
            x: Natural::default(),
            y: Natural::default(),
        }
    }

    /// The deepest level within `limits`: the text of a centre has as many digits as its level, and some.
    pub fn deepest(limits: &Limits) -> u32 {
        const SOME: usize = 8;
        let by_digits = limits.digits.saturating_sub(SOME);
        // log2(10) = 3.3219…, from below.
        let by_zoom = u64::from(limits.zoom_exponent) * 33_219 / 10_000;
        let within = by_zoom.min(by_digits as u64);
        within
            .try_into()
            .map_or(DEEPEST, |level: u32| level.min(DEEPEST))
    }

    /// Reads an address.
    ///
    /// # Errors
    /// The parts that are no numbers, or too long for any tile ([`Fault::Malformed`]); else those that lie outside the world
    /// ([`Fault::Unacceptable`]).
    pub fn parse(z: &str, x: &str, y: &str, limits: &Limits) -> Result<TileAddress, FieldErrors> {
        let deepest = TileAddress::deepest(limits);
        // 2^z has z · log10(2) digits, and one more begun.
        let longest = deepest as usize * 30_103 / 100_000 + 1;
        let accepted =
            format!("a whole number without zeros before it, of at most {longest} digits");
        let mut errors = Vec::new();
        let mut read = |name, text: &str| {
            let short = Some(text).filter(|text| text.len() <= longest.max(DEPTH_DIGITS));
            let number = short.and_then(Natural::parse);
            if number.is_none() {
                let error = FieldError::new(name, text, Fault::Malformed, accepted.as_str());
                errors.push(error);
            }
            number.unwrap_or_default()
        };
        let (depth, x, y) = (read("z", z), read("x", x), read("y", y));
        if let Some(errors) = FieldErrors::some(errors) {
            return Err(errors);
        }
        let refuse = |name, text, accepted: String| {
            FieldErrors::from(FieldError::new(name, text, Fault::Unacceptable, accepted))
        };
        let level = z.parse().ok().filter(|_| depth <= Natural::from(deepest));
        let Some(z) = level else {
            return Err(refuse("z", z, format!("a level from 0 to {deepest}")));
        };
        let across = Natural::power_of_two(z);
        let mut outside = Vec::new();
        for (name, number) in [("x", &x), ("y", &y)] {
            if *number >= across {
                let accepted = format!("below 2^{z}, for level {z} has so many tiles across");
                let text = number.to_string();
                outside.push(FieldError::new(name, &text, Fault::Unacceptable, accepted));
            }
        }
        match FieldErrors::some(outside) {
            Some(errors) => Err(errors),
            None => Ok(TileAddress { z, x, y }),
        }
    }

    /// The level: 0 is the root's, and tiles of the next have half the side.
    pub fn z(&self) -> u32 {
        self.z
    }

    /// How many tiles of the level are to its left.
    pub fn x(&self) -> &Natural {
        &self.x
    }

    /// How many tiles of the level are above it.
    pub fn y(&self) -> &Natural {
        &self.y
    }

    /// The tile of the level above that it is a quarter of; the root has none.
    pub fn parent(&self) -> Option<TileAddress> {
        (self.z > 0).then(|| self.ancestor(1).0)
    }

    /// Its quarters: upper left, upper right, lower left, lower right.
    pub fn children(&self) -> [TileAddress; 4] {
        [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(right, down)| TileAddress {
            z: self.z + 1,
            x: self.x.times_plus(2, right),
            y: self.y.times_plus(2, down),
        })
    }

    /// The tile beside it, unless the world ends there.
    pub fn neighbour(&self, side: Side) -> Option<TileAddress> {
        let (from, grows) = match side {
            Side::Left => (&self.x, false),
            Side::Right => (&self.x, true),
            Side::Up => (&self.y, false),
            Side::Down => (&self.y, true),
        };
        let to = if grows {
            Some(from.times_plus(1, 1)).filter(|to| *to < Natural::power_of_two(self.z))
        } else {
            (!from.is_zero()).then(|| from.distance(&Natural::from(1)))
        }?;
        let mut beside = self.clone();
        match side {
            Side::Left | Side::Right => beside.x = to,
            Side::Up | Side::Down => beside.y = to,
        }
        Some(beside)
    }

    /// The tile `rise` levels up that it is a part of, and its column and row among the tiles of its level in there.
    fn ancestor(&self, rise: u32) -> (TileAddress, [u32; 2]) {
        let across = 1 << rise;
        let ((x, column), (y, row)) = (self.x.divided(across), self.y.divided(across));
        let z = self.z - rise;
        (TileAddress { z, x, y }, [column, row])
    }

    /// The exact decimal text of the centre's real and imaginary part.
    pub fn centre(&self) -> [String; 2] {
        // A side is 4 / 2^z: re = -2.5 + (x + 1/2) side, im = 2 - (y + 1/2) side; both in units of 2^-(z + 1).
        let unit = Natural::power_of_two(self.z);
        let half_way = |count: &Natural| count.times_plus(2, 1).times(4);
        let text = |from: Natural, to: Natural| {
            let sign = if to < from { "-" } else { "" };
            let distance = from.distance(&to).over_power_of_two(self.z + 1);
            format!("{sign}{distance}")
        };
        [
            text(unit.times(5), half_way(&self.x)),
            text(half_way(&self.y), unit.times(4)),
        ]
    }

    /// The exact decimal text of the zoom whose visible height is the tile's side: 2^z.
    pub fn zoom(&self) -> String {
        Natural::power_of_two(self.z).to_string()
    }

    /// The tile as a piece of a picture: `view` at an ancestor, in which the tile has 256 pixels along each side. The ancestor follows
    /// from the address, and what the workers must know beside the pixels (the reference orbit, the limit that `auto` stands for)
    /// follows from the ancestor, so that neighbours, and the levels of a group, have it in common.
    pub fn piece_of(&self, view: View) -> (View, Rect) {
        let level = self.z.saturating_sub(LEAST_RISE) / GROUP * GROUP;
        let (ancestor, [column, row]) = self.ancestor(self.z - level);
        let side = SIDE << (self.z - level);
        let rect = Rect {
            x: column * SIDE,
            y: row * SIDE,
            w: SIDE,
            h: SIDE,
        };
        (ancestor.picture(view, side), rect)
    }

    /// `view` of just this square, with `side` pixels along each side.
    pub fn picture(&self, view: View, side: u32) -> View {
        let decimal = |text: String| {
            Decimal::parse(&text, text.len()).expect("what is written here is a decimal")
        };
        let [re, im] = self.centre().map(decimal);
        View {
            re,
            im,
            zoom: decimal(self.zoom()),
            rotation: 0.0,
            width: side,
            height: side,
            ..view
        }
    }
}

/// A level is a number of at most so many digits, however few `x` and `y` may have.
const DEPTH_DIGITS: usize = 10;

/// As in a path: `z/x/y`.
impl fmt::Display for TileAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.z, self.x, self.y)
    }
}

#[cfg(test)]
mod tests;
