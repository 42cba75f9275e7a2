//! Where does one sample go? Along the reference as the vectors of a piece do, over the nodes of the table where they are true of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::plane::Plane;
use crate::field::Cancelled;
use crate::orbit::{LEAF, Node, Nodes, Orbit, QuadraticJump, Section, Tabled};

/// Steps and jumps between looks at `cancel`.
const BETWEEN_LOOKS: u32 = 256;

/// No difference of two points that stay is as large.
const FAR: f64 = 8.0;

/// Why a sample is followed no longer.
pub(super) enum Lost {
    Escaped,
    Cancelled,
}

/// Somewhere on the way.
#[derive(Clone, Copy)]
pub(super) struct Place<N> {
    w: N,
    /// By the z where the way began.
    pub(super) derivative: N,
    /// At which point of the reference.
    at: usize,
}

/// Follows one sample.
pub(super) struct Follower<'a, N> {
    orbit: &'a Orbit,
    /// What of it was needed last.
    section: Arc<Section>,
    /// The sample's difference.
    c: N,
    radius_c: f64,
    /// [`FAR`].
    far: N,
    /// The reference's last point.
    last: usize,
    until_look: u32,
    cancel: &'a AtomicBool,
    /// Points at which the reference is nearer to 0 than before.
    nearest: &'a [usize],
}

impl From<Cancelled> for Lost {
    fn from(_: Cancelled) -> Self {
        Lost::Cancelled
    }
}

impl<'a, N: Plane> Follower<'a, N> {
    pub(super) fn new(orbit: &'a Orbit, c: N, cancel: &'a AtomicBool) -> Result<Self, Lost> {
        Ok(Follower {
            orbit,
            section: orbit.first().section(0, cancel)?,
            c,
            radius_c: c.radius(),
            far: N::new([FAR, 0.0], 0),
            last: orbit.points() - 1,
            until_look: 0,
            cancel,
            nearest: orbit.first().nearest(),
        })
    }

    /// At the reference's start with this z.
    pub(super) fn start(&self, z: N) -> Place<N> {
        Place {
            w: z,
            derivative: N::new([1.0, 0.0], 0),
            at: 0,
        }
    }

    pub(super) fn z(&mut self, place: &Place<N>) -> Result<N, Lost> {
        Ok(self.point(place.at)? + place.w)
    }

    /// A point of the reference.
    fn point(&mut self, index: usize) -> Result<N, Lost> {
        // The last begins no step.
        self.go_to(index.min(self.last - 1))?;
        Ok(N::point(&self.section, index))
    }

    fn go_to(&mut self, index: usize) -> Result<(), Lost> {
        if !self.section.has_step(index) {
            self.section = self.orbit.first().section(index, self.cancel)?;
        }
        Ok(())
    }

    /// Goes on by so many steps.
    pub(super) fn run(&mut self, place: &mut Place<N>, mut steps: u64) -> Result<(), Lost> {
        while steps > 0 {
            steps -= self.advance(place, steps)?;
        }
        Ok(())
    }

    /// Goes on until the reference begins anew; answers by how many steps.
    pub(super) fn run_to_start(&mut self, place: &mut Place<N>) -> Result<u64, Lost> {
        let mut steps = 0;
        loop {
            steps += self.advance(place, u64::MAX)?;
            if place.at == 0 {
                return Ok(steps);
            }
        }
    }

    /// How many steps it is to the next point at which the reference is nearer to 0 than before. Beside those a sample can come nearer than
    /// before only where it rebases.
    pub(super) fn until_nearest(&self, place: &Place<N>) -> u64 {
        let next = self.nearest.partition_point(|&index| index <= place.at);
        let index = self.nearest.get(next);
        index.map_or(u64::MAX, |&index| (index - place.at) as u64)
    }

    /// Goes on by the longest node of at most so many steps that is true here, or by one step; answers how many steps that was.
    pub(super) fn advance(&mut self, place: &mut Place<N>, most: u64) -> Result<u64, Lost> {
        if self.until_look == 0 {
            self.until_look = BETWEEN_LOOKS;
            if self.cancel.load(Ordering::Relaxed) {
                return Err(Lost::Cancelled);
            }
        }
        self.until_look -= 1;
        if place.at.is_multiple_of(LEAF) {
            self.go_to(place.at)?;
            if let Some((node, steps)) = self.node(place, most) {
                self.jump(place, &node.jump);
                place.at += steps;
                return Ok(steps as u64);
            }
        }
        self.step(place)?;
        // Written so that what is not a number has escaped.
        if place.w.is_nearer(self.far) {
            Ok(1)
        } else {
            Err(Lost::Escaped)
        }
    }

    fn node(&self, place: &Place<N>, most: u64) -> Option<(&Node<QuadraticJump>, usize)> {
        let track = self.orbit.first();
        let nodes = Nodes {
            upper: QuadraticJump::upper(track),
            table: QuadraticJump::table(track, &self.section),
        };
        let leaf = place.at / LEAF;
        let levels = (leaf.trailing_zeros() as usize + 1).min(nodes.levels());
        let (radius, leaves) = (place.w.radius(), nodes.upper.leaves);
        let whole = nodes.upper.whole.as_ref().filter(|_| leaf == 1);
        let whole = whole.map(|whole| (&whole.node, whole.end));
        let tree = (0..levels).rev().filter_map(|level| {
            let node = nodes.node(level, leaf)?;
            Some((node, leaf + (1 << level)))
        });
        whole.into_iter().chain(tree).find_map(|(node, end)| {
            let steps = (end - leaf) * LEAF;
            let is_true = radius <= node.radius && self.radius_c <= node.radius_c;
            // Where the reference ends the sample rebases, which only steps do.
            (is_true && end < leaves && steps as u64 <= most).then_some((node, steps))
        })
    }

    /// w ↦ w (A + A₂w + Mc) + c (B + B₂c).
    fn jump(&self, place: &mut Place<N>, jump: &QuadraticJump) {
        let exponents = &jump.exponents;
        let a = N::new(jump.a, i64::from(exponents.a));
        let b = N::new(jump.b, i64::from(exponents.b));
        let a2 = N::new(jump.a2, i64::from(exponents.a2));
        let m = N::new(jump.m, i64::from(exponents.m));
        let b2 = N::new(jump.b2, i64::from(exponents.b2));
        let (w, c) = (place.w, self.c);
        let of_w = a + a2 * w + m * c;
        place.derivative = place.derivative * (of_w + a2 * w);
        place.w = w * of_w + c * (b + b2 * c);
    }

    /// (Z + w)^p - Z^p + c, whose first part is w times all products of p - 1 factors that are Z + w or Z.
    fn step(&mut self, place: &mut Place<N>) -> Result<(), Lost> {
        let power = self.orbit.iteration().degree();
        let point = self.point(place.at)?;
        let z = point + place.w;
        let (mut factor, mut steepness) = (z + point, z);
        let mut of_point = point;
        for _ in 2..power {
            of_point = of_point * point;
            factor = factor * z + of_point;
            steepness = steepness * z;
        }
        place.derivative = place.derivative * steepness * N::new([f64::from(power), 0.0], 0);
        place.w = place.w * factor + self.c;
        place.at += 1;
        let next = self.z(place)?;
        if place.at == self.last || next.is_nearer(place.w) {
            (place.w, place.at) = (next, 0);
        }
        Ok(())
    }
}
