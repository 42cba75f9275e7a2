//! What is kept of an orbit's points? Each as two f64, and more of the few that these do not hold.

use crate::extended::{Extended, ExtendedComplex};

/// Points in a row, Z₀ to Z_N if it is all of them, each part rounded to the nearest f64. Indices are those in the whole orbit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Points {
    /// The index of the first.
    pub(crate) first: usize,
    pub(crate) z: Vec<[f64; 2]>,
    /// What that leaves over of each, itself rounded to the nearest f64: both together are the point to 2^-106 of its parts. Zero
    /// where it is below f64's normal numbers. Empty unless the walk keeps it.
    pub(crate) low: Vec<[f64; 2]>,
    /// Those of them, but for zeros, whose size is below 2^[`TINY_EXPONENT`](super::walk::TINY_EXPONENT), by ascending index. The size of a point is its larger
    /// part, and for the burning ship, where signs matter, the smaller that is not zero.
    pub(crate) tiny: Vec<TinyPoint>,
    /// Of those but for the first that are so near the circle |Z| = 2 that f64 may not tell on which side, |Z|² - 4, rounded but for its sign,
    /// by ascending index. It is zero only where it is exactly.
    pub(crate) edge: Vec<(usize, Extended)>,
    pub(crate) end: End,
}

/// A point that f64 may not hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TinyPoint {
    pub(crate) index: usize,
    pub(crate) re: Extended,
    pub(crate) im: Extended,
    /// What these leave over; zero unless the walk keeps it.
    pub(crate) re_low: Extended,
    pub(crate) im_low: Extended,
}

/// A point, and what that leaves over; zero where it is not kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Parts {
    pub(crate) z: [Extended; 2],
    pub(crate) low: [Extended; 2],
}

impl Parts {
    pub(crate) fn z(&self) -> ExtendedComplex {
        ExtendedComplex::from_parts(self.z[0], self.z[1])
    }
}

impl From<&TinyPoint> for Parts {
    fn from(point: &TinyPoint) -> Self {
        Parts {
            z: [point.re, point.im],
            low: [point.re_low, point.im_low],
        }
    }
}

impl Points {
    /// None yet, the first of which is to have this index.
    pub(super) fn from(first: usize) -> Points {
        Points {
            first,
            z: Vec::new(),
            low: Vec::new(),
            tiny: Vec::new(),
            edge: Vec::new(),
            end: End::Limit,
        }
    }

    /// The index of the last.
    pub(crate) fn last(&self) -> usize {
        self.first + self.z.len() - 1
    }

    /// From one index to another.
    #[inline(always)]
    pub(crate) fn z(&self, first: usize, last: usize) -> &[[f64; 2]] {
        &self.z[first - self.first..=last - self.first]
    }

    /// What rounding left over of [`Points::z`].
    #[inline(always)]
    pub(crate) fn low(&self, first: usize, last: usize) -> &[[f64; 2]] {
        &self.low[first - self.first..=last - self.first]
    }

    /// A point with all the exponent and all the digits that are kept of it.
    pub(crate) fn parts(&self, index: usize) -> Parts {
        match self.tiny.binary_search_by_key(&index, |point| point.index) {
            Ok(found) => Parts::from(&self.tiny[found]),
            Err(_) => self.rounded(index),
        }
    }

    /// A point that is not tiny.
    pub(super) fn rounded(&self, index: usize) -> Parts {
        let low = self.low.get(index - self.first).copied();
        Parts {
            z: self.z[index - self.first].map(Extended::from),
            low: low.unwrap_or_default().map(Extended::from),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let kept = size_of_val(&*self.z) + size_of_val(&*self.low);
        kept + size_of_val(&*self.tiny) + size_of_val(&*self.edge)
    }

    /// Takes all, but keeps the last as the first of what follows.
    pub(super) fn take(&mut self) -> Points {
        let mut next = Points::from(self.last());
        next.z.extend(self.z.last());
        next.low.extend(self.low.last());
        let tiny = self.tiny.last().filter(|point| point.index == next.first);
        next.tiny.extend(tiny);
        std::mem::replace(self, next)
    }

    /// What [`Points::edge`] has of the points from `first` to `last`.
    pub(crate) fn edges_in(&self, first: usize, last: usize) -> &[(usize, Extended)] {
        let begin = self.edge.partition_point(|&(index, _)| index < first);
        let end = self.edge.partition_point(|&(index, _)| index <= last);
        &self.edge[begin..end]
    }
}

/// Why an orbit has no more points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// |Z_N| > 2, exactly.
    Escaped,
    /// 2 · radius · |dZ_N/dc| > |Z_N|: a nucleus of period N is near.
    Period,
    /// N is the limit.
    Limit,
}
