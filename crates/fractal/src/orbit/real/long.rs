//! How is a number of any number of words squared? By columns too, and again only the half that is kept.

use dashu_int::IBig;

use super::sum::Sum;
use super::{Layout, Real, Top, words};
use crate::orbit::{Fork, join};

/// Words in two's complement, and room for a square on its way.
#[derive(Clone, Debug)]
pub(in crate::orbit) struct Long {
    words: Vec<u64>,
    places: usize,
    /// Of the number that is squared.
    absolute: Vec<u64>,
    /// The square's upper words.
    product: Vec<u64>,
}

/// Words from which three squares take longer in one thread than in two, with their meetings.
const WORTH_FORKING: usize = 160;

/// Words from which that holds even of the two halves of one square.
const WORTH_HALVING: usize = 320;

/// The upper 1 - 1/√2 of a triangle's height has half of its area: so far up are the columns that are half of the work.
const HALF_OF_TRIANGLE: f64 = 0.293;

/// Products of a column from which four of them a turn take less time than one.
const LONG_DOT: usize = 32;

impl Real for Long {
    fn new(value: &IBig, bits: usize, layout: Layout) -> Self {
        let mut words = vec![0; layout.words()];
        words::read(&(value << (layout.places - bits)), &mut words);
        Long {
            absolute: words.clone(),
            product: vec![0; 2 * words.len()],
            words,
            places: layout.places,
        }
    }

    fn assign(&mut self, other: &Self) {
        self.words.copy_from_slice(&other.words);
    }

    fn set_sum(&mut self, one: &Self, other: &Self) {
        words::write_sum(&mut self.words, &one.words, &other.words);
    }

    fn set_difference(&mut self, one: &Self, other: &Self) {
        words::write_difference(&mut self.words, &one.words, &other.words);
    }

    fn add(&mut self, other: &Self) {
        words::add(&mut self.words, &other.words);
    }

    fn subtract(&mut self, other: &Self) {
        words::subtract(&mut self.words, &other.words);
    }

    fn quarter(&mut self) {
        words::quarter(&mut self.words);
    }

    fn make_absolute(&mut self) {
        words::write_absolute(&self.words, &mut self.absolute);
        std::mem::swap(&mut self.words, &mut self.absolute);
    }

    /// Of the columns below those that are kept only two words' worth are computed: what the others would add is less than one
    /// unit a word of the higher of the two. Only where that could reach up into the result are they computed as well.
    fn set_square(&mut self, other: &Self, fork: &dyn Fork) {
        words::write_absolute(&other.words, &mut self.absolute);
        let from = (self.places / 64).saturating_sub(2);
        let below = self.set_from_columns(from, fork);
        if from > 0 && below > u64::MAX - self.words.len() as u64 - 1 {
            self.set_from_columns(0, fork);
        }
    }

    fn is_worth_forking(&self) -> bool {
        self.words.len() >= WORTH_FORKING
    }

    fn top(&self) -> Top {
        words::top(&self.words, self.places)
    }

    fn value(&self) -> IBig {
        words::value(&self.words)
    }
}

impl Long {
    /// The columns of `absolute`² from `from`, without the places that are not kept. Answers the highest 64 of those.
    fn set_from_columns(&mut self, from: usize, fork: &dyn Fork) -> u64 {
        let columns = 2 * self.words.len() - from;
        let product = &mut self.product[..columns];
        square_columns(&self.absolute, from, product, fork);
        let (first, shift) = (self.places / 64 - from, self.places % 64);
        let word = |k: usize| match (product.get(k), product.get(k + 1)) {
            (Some(low), Some(high)) => low >> shift | (high << 1) << (63 - shift),
            (Some(low), None) => low >> shift,
            _ => 0,
        };
        for (k, result) in self.words.iter_mut().enumerate() {
            *result = word(first + k);
        }
        first.checked_sub(1).map_or(0, word)
    }
}

/// All words of the product x² that the columns from `from` have, in halves where that pays.
fn square_columns(x: &[u64], from: usize, product: &mut [u64], fork: &dyn Fork) {
    if x.len() < WORTH_HALVING || from == 0 {
        some_columns(x, from, product);
        return;
    }
    let half = (x.len() as f64 * HALF_OF_TRIANGLE) as usize;
    let (low, high) = product.split_at_mut(half);
    let (carry, _) = join(
        fork,
        || some_columns(x, from, low),
        || some_columns(x, from + half, high),
    );
    words::add_wide(high, carry);
}

/// Of x² the columns from `from` that `product` has room for. Answers what is left above them.
fn some_columns(x: &[u64], from: usize, product: &mut [u64]) -> u128 {
    let n = x.len();
    let mut sum = Sum::default();
    for (k, word) in (from..).zip(product) {
        let first = (k + 1).saturating_sub(n);
        let end = k.div_ceil(2).max(first);
        let (a, b) = (&x[first..end], &x[k + 1 - end..k + 1 - first]);
        let pairs = if a.len() < LONG_DOT {
            dot(a, b)
        } else {
            long_dot(a, b)
        };
        sum.add(pairs.twice());
        if k % 2 == 0 && k / 2 < n {
            sum.add_product(x[k / 2], x[k / 2]);
        }
        *word = sum.shift_out();
    }
    sum.wide()
}

/// The sum of a_i · b_(n - 1 - i).
#[inline(always)]
fn dot(a: &[u64], b: &[u64]) -> Sum {
    let mut sum = Sum::default();
    for (a, b) in a.iter().zip(b.iter().rev()) {
        sum.add_product(*a, *b);
    }
    sum
}

/// As [`dot`], four products a turn. Apart, because compilers share out registers worse where both are.
#[inline(never)]
fn long_dot(a: &[u64], b: &[u64]) -> Sum {
    let (fours_of_a, last_of_a) = a.as_chunks::<4>();
    let (first_of_b, fours_of_b) = b.as_rchunks::<4>();
    let mut sum = dot(last_of_a, first_of_b);
    for (a, b) in fours_of_a.iter().zip(fours_of_b.iter().rev()) {
        for k in 0..4 {
            sum.add_product(a[k], b[3 - k]);
        }
    }
    sum
}
