//! After how many iterations does a flight land, drop its finished orbits, and take on others of the same age?

/// Iterations between two tests for escape while orbits are young: what runs past an escape is wasted.
pub(super) const SHORT_BLOCK: usize = 8;

/// The same for orbits that are old enough to make the waste small.
pub(super) const LONG_BLOCK: usize = 32;

/// From this age on blocks are long, and periodicity is looked for.
const LONG_FROM: u64 = 128;

/// A stretch of every orbit's life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Level {
    /// The index of z at its start.
    pub(super) age: u64,
    /// Its length in blocks.
    pub(super) blocks: u64,
    /// Whether blocks are [`LONG_BLOCK`]s.
    pub(super) is_long: bool,
    /// Whether z is saved at its start, for later z to be compared with. Ages double between saves (R. P. Brent, "An improved Monte
    /// Carlo factorization algorithm", BIT 20, 1980).
    pub(super) saves: bool,
}

/// All stretches from an age up to the limit, each about an eighth of the life before it: then an escape wastes little, and the
/// last orbits of a field, which fly alone, little more than one flight to the limit.
pub(super) fn levels(first: u64, limit: u64) -> Vec<Level> {
    let mut levels = Vec::new();
    let (mut age, mut saved_at) = (first, 0);
    while age < limit || levels.is_empty() {
        let is_long = age >= LONG_FROM;
        let block = if is_long { LONG_BLOCK } else { SHORT_BLOCK } as u64;
        let length = (age / 8)
            .min(limit - age)
            .next_multiple_of(block)
            .max(block);
        let saves = is_long && age >= 2 * saved_at;
        if saves {
            saved_at = age;
        }
        levels.push(Level {
            age,
            blocks: length / block,
            is_long,
            saves,
        });
        age += length;
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_reach_any_limit_without_a_gap() {
        for (first, limit) in [
            (1, 1),
            (1, 2),
            (1, 9),
            (1, 10),
            (1, 1000),
            (1, 20_000),
            (1, 1 << 53),
            (977, 977),
            (977, 20_000),
        ] {
            let mut age = first;
            for level in levels(first, limit) {
                assert_eq!(level.age, age);
                age += level.blocks
                    * if level.is_long {
                        LONG_BLOCK as u64
                    } else {
                        SHORT_BLOCK as u64
                    };
            }
            assert!(age >= limit);
        }
        assert!(levels(1, 1 << 53).len() < 500);
    }
}
