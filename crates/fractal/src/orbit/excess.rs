//! By how much is |z|² above 4, where f64 cannot tell? The highest digits say so, and more of them where those cancel: all digits
//! of a square take as long as a step of the orbit.

use dashu_int::IBig;
use dashu_int::ops::{Abs, BitTest};

use super::real::Big;
use crate::extended::Extended;

/// Digits of each factor that are looked at first.
const FIRST_BITS: usize = 256;

/// Digits of the difference that have to be right: so many more than an f64 has that its rounding is hardly moved.
const RIGHT_BITS: usize = 72;

/// |z|² - 4 of z · 2^`places`, to half an ulp and 2^-10 of one. Its sign is exact, and it is zero only where that is.
pub(super) fn above_four(z: [IBig; 2], places: usize) -> Extended {
    let [x, y] = z.map(Abs::abs);
    let two = IBig::ONE << (places + 1);
    // (x - 2)(x + 2) + y²; the first factor is short, and at the needle's tip zero.
    let terms = [[&x - &two, x + two], [y.clone(), y]];
    let longest = terms.iter().flatten().map(BitTest::bit_len).max();
    let mut bits = FIRST_BITS;
    loop {
        let [(one, one_shift), (other, other_shift)] =
            terms.each_ref().map(|term| leading_product(term, bits));
        let lowest = one_shift.min(other_shift);
        let sum = (one << (one_shift - lowest)) + (other << (other_shift - lowest));
        // What was cut off each factor is less than 2^shift of it, the other factor at most 2^bits times as much.
        let error = one_shift.max(other_shift) + bits + 2;
        if sum.bit_len() + lowest > error + RIGHT_BITS || longest <= Some(bits) {
            return Big::extended(&sum, 2 * places - lowest);
        }
        bits *= 2;
    }
}

/// The product of the highest `bits` digits of each factor, and how many digits are left out.
fn leading_product(factors: &[IBig; 2], bits: usize) -> (IBig, usize) {
    let [one, other] = factors.each_ref().map(|factor| {
        let shift = factor.bit_len().saturating_sub(bits);
        (factor >> shift, shift)
    });
    (one.0 * other.0, one.1 + other.1)
}

#[cfg(test)]
mod tests {
    use dashu_int::ops::SquareRoot;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn its_leading_digits_are_those_of_all_digits(
            places in 300_usize..3000,
            near in 1_usize..3000,
            side in any::<i64>(),
            rest in any::<i128>(),
            cancels in any::<bool>(),
        ) {
            // Near 2 by any distance, or near the circle by as few of the last places as there are.
            let y = (IBig::from(side) << places) >> (63 + near / 2);
            let circle: IBig = IBig::ONE << (2 * places + 2);
            let x = match cancels {
                true => (&circle - IBig::from(y.sqr())).sqrt() + IBig::from(rest),
                false => (IBig::ONE << (places + 1)) + (IBig::from(rest) << places.saturating_sub(near + 127)),
            };
            let all = IBig::from(x.sqr()) + IBig::from(y.sqr()) - circle;
            let (found, all) = (above_four([x, y], places), Big::extended(&all, 2 * places));
            let off = found + Extended::new(-all.mantissa, all.exponent);
            let ulp = Extended::new(all.mantissa.abs(), all.exponent - 52);
            prop_assert!(Extended::new(off.mantissa.abs(), off.exponent) <= ulp, "{found:?} for {all:?}");
            prop_assert_eq!(found.mantissa.partial_cmp(&0.0), all.mantissa.partial_cmp(&0.0));
        }
    }
}
