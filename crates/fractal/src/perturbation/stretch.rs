//! Who need not ask, leaf by leaf, whether there is a node for it? Whoever is farther from the reference than any node of the next leaves
//! is for. It stays in registers until they are behind it.

use super::carry::Carry;
use super::difference::Difference;
use super::jump::Next;
use super::pass::{Passes, present};
use crate::orbit::{Nodes, STRETCH};
use crate::simd::Vector;

impl<V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Passes<'_, V, F, J, EXTENDED, DERIVATIVE>
{
    /// Who is farther from the reference than any node of the stretch that begins at a leaf, if anybody is: either all, or those that it
    /// moves to the list of the walking.
    #[inline(always)]
    pub(super) fn stretch(
        &mut self,
        nodes: Nodes<J>,
        leaf: usize,
        (nearest, farthest): (f64, f64),
    ) -> Option<Next> {
        let leaves = leaf..(leaf + (1 << STRETCH)).min(nodes.upper.leaves);
        let reach = nodes.reach(leaves.clone(), STRETCH);
        let has_tiny = EXTENDED && leaves.clone().any(|leaf| nodes.safe(leaf).is_tiny());
        if farthest <= reach || has_tiny {
            return None;
        }
        let all = self.active.len();
        let count = if nearest > reach {
            all
        } else {
            self.choose_far(reach)
        };
        if count == all {
            return Some(Next::Walk(leaves));
        }
        if count == 0 {
            return None;
        }
        self.part(None);
        self.walking.take_last(&mut self.jumped, count);
        Some(Next::Part(leaves))
    }

    /// Lets those who walked wait at the end of their way.
    #[inline(always)]
    pub(super) fn let_land(&mut self, end: usize) {
        let count = self.walking.len();
        if count > 0 {
            self.jumped.take_last(&mut self.walking, count);
            self.landings.push((end, count));
        }
    }

    /// Notes which active samples are farther from the reference, and answers how many they are.
    #[inline(always)]
    fn choose_far(&mut self, reach: f64) -> usize {
        let len = self.active.len();
        let reach = V::splat(reach);
        let mut count = 0;
        for (i, at) in (0..len).step_by(V::LANES).enumerate() {
            let bits = V::bits(reach.lt(self.distance(at))) & present::<V>(len - at);
            self.jumping[i] = bits as u8;
            count += bits.count_ones() as usize;
        }
        count
    }
}
