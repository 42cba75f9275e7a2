//! How are many products of words summed without a carry lost? In three words, which have room for 2^64 of them.

/// Less than 2^192, the lowest word first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum([u64; 3]);

impl Sum {
    /// Adds a · b.
    #[inline(always)]
    pub(super) fn add_product(&mut self, a: u64, b: u64) {
        let product = u128::from(a) * u128::from(b);
        self.add(Sum([product as u64, (product >> 64) as u64, 0]));
    }

    #[inline(always)]
    pub(super) fn add(&mut self, Sum(other): Sum) {
        let Sum(words) = self;
        let (low, carry) = words[0].carrying_add(other[0], false);
        let (middle, carry) = words[1].carrying_add(other[1], carry);
        let (high, _) = words[2].carrying_add(other[2], carry);
        *words = [low, middle, high];
    }

    #[inline(always)]
    pub(super) fn twice(self) -> Sum {
        let Sum([low, middle, high]) = self;
        Sum([low << 1, middle << 1 | low >> 63, high << 1 | middle >> 63])
    }

    /// Takes the lowest word away.
    #[inline(always)]
    pub(super) fn shift_out(&mut self) -> u64 {
        let Sum([low, middle, high]) = *self;
        *self = Sum([middle, high, 0]);
        low
    }

    /// What is below 2^128.
    pub(super) fn wide(self) -> u128 {
        u128::from(self.0[1]) << 64 | u128::from(self.0[0])
    }
}
