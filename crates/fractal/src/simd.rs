//! What must a processor offer for the kernel, and which of its offers is used?
//!
//! The kernel is written once over [`Vector`]. Each backend implements that trait in a thin file and enters the kernel at
//! one point, [`Backend::run`]. Every operation is exact or rounded once by IEEE 754, so that all backends agree bit for bit.

mod double;
mod scalar;

pub(crate) use scalar::Scalar;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

pub(crate) use double::Double;

/// A few f64 side by side. All methods act lane by lane.
pub(crate) trait Vector: Copy {
    /// What a comparison says of each lane.
    type Mask: Copy;
    /// The same lanes, without what they hold beyond one f64.
    type High: Vector;

    const LANES: usize;
    /// How many f64 a lane is made of.
    const PARTS: usize = if Self::IS_DOUBLE { 2 } else { 1 };
    const IS_DOUBLE: bool = false;

    /// high + low, as far as a lane holds it.
    #[inline(always)]
    fn splat_sum(high: f64, _low: f64) -> Self {
        Self::splat(high)
    }
    /// From a column of which each of [`Self::PARTS`] equal parts holds one part of every lane.
    #[inline(always)]
    fn load_at(column: &[f64], at: usize) -> Self {
        Self::load(&column[at..])
    }
    /// As [`Self::load_at`].
    #[inline(always)]
    fn store_at(self, column: &mut [f64], at: usize) {
        self.store(&mut column[at..]);
    }

    fn splat(value: f64) -> Self;
    /// The first [`Self::LANES`] values.
    fn load(values: &[f64]) -> Self;
    /// Over the first [`Self::LANES`] values.
    fn store(self, values: &mut [f64]);

    /// The product with a power of two, which is exact but for underflow.
    #[inline(always)]
    fn scale(self, power: Self) -> Self {
        self.mul(power)
    }
    /// [`Self::scale`] and an addend, rounded once.
    #[inline(always)]
    fn scale_add(self, power: Self, addend: Self) -> Self {
        self.mul_add(power, addend)
    }
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    fn abs(self) -> Self;
    /// The larger; of numbers only.
    fn max(self, other: Self) -> Self;
    /// The smaller; of numbers only.
    fn min(self, other: Self) -> Self;
    /// The larger absolute value; of numbers only.
    fn larger_size(self, other: Self) -> Self {
        self.abs().max(other.abs())
    }
    /// The largest of all lanes; of numbers only.
    fn largest(self) -> f64;
    /// The smallest of all lanes; of numbers only.
    fn smallest(self) -> f64;
    /// self · factor + addend, rounded once.
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// addend - self · factor, rounded once.
    fn neg_mul_add(self, factor: Self, addend: Self) -> Self;
    /// The complex a b + d.
    #[inline(always)]
    fn product([x, y]: [Self; 2], [u, v]: [Self; 2], [dx, dy]: [Self; 2]) -> [Self; 2] {
        [
            x.mul_add(u, y.neg_mul_add(v, dx)),
            x.mul_add(v, y.mul_add(u, dy)),
        ]
    }
    /// The complex z² + c.
    #[inline(always)]
    fn square([x, y]: [Self; 2], [cx, cy]: [Self; 2]) -> [Self; 2] {
        [x.mul_add(x, y.neg_mul_add(y, cx)), x.add(x).mul_add(y, cy)]
    }
    /// The complex |z|², as precise as one f64 is.
    #[inline(always)]
    fn norm([x, y]: [Self; 2]) -> Self {
        x.mul_add(x, y.mul(y))
    }
    /// For positive normal numbers: (e, m) with self = m · 2ᵉ and 1 ≤ m < 2.
    fn exponent_and_mantissa(self) -> (Self, Self);
    /// For whole numbers e from -1023 to 1023: 2ᵉ, where 2⁻¹⁰²³ is taken for 0.
    fn power_of_two(self) -> Self;

    /// False where either is not a number.
    fn le(self, other: Self) -> Self::Mask;
    /// False where either is not a number.
    fn eq(self, other: Self) -> Self::Mask;
    /// False where either is not a number.
    fn lt(self, other: Self) -> Self::Mask;
    fn and(one: Self::Mask, other: Self::Mask) -> Self::Mask;
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// Lane i as bit i.
    fn bits(mask: Self::Mask) -> u32;
    /// The lanes whose bit is set, moved together to the front; what follows them is arbitrary.
    fn compress(self, bits: u32) -> Self;

    /// Has a part of a job done.
    fn call<P: Part>(part: P) -> P::Output;
}

/// A part of a job that is compiled once, as a function of its own, however many places call it with [`Vector::call`]: what runs long enough to
/// outweigh a call, or seldom. Without it all of a job is one function, and compilers take more than twice as long for one that is twice as large.
pub(crate) trait Part {
    type Output;

    /// Must be `#[inline(always)]`, with all that it calls, as [`Task::run`].
    fn run(self) -> Self::Output;
}

/// Adds to a list the numbers of samples whose bit is set.
#[inline(never)]
pub(crate) fn push_lanes(list: &mut Vec<u32>, bits: u32, samples: &[f64; 8]) {
    let lanes = samples.iter().enumerate();
    let set = lanes.filter(|(lane, _)| bits >> lane & 1 == 1);
    list.extend(set.map(|(_, &sample)| sample as u32));
}

/// What is added to an exponent e to have e + 1023, which is f64's own bias, in the lowest bits of the sum.
const EXPONENT_IN_LOW_BITS: f64 = (1_u64 << 52) as f64 + 1023.0;

/// A job that is written over any vector. `K` is how many vectors keep the backend's pipelines full.
pub(crate) trait Task {
    type Output;

    /// Must be `#[inline(always)]`, with all that it calls but by [`Vector::call`]: only so does it take on the backend's instructions.
    fn run<V: Vector, const K: usize>(self) -> Self::Output;
}

/// An instruction set that the kernel is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// x86-64 with AVX-512 F: 8 lanes.
    Avx512,
    /// x86-64 with AVX2 and FMA: 4 lanes.
    Avx2,
    /// AArch64: 2 lanes.
    Neon,
    /// One lane; fused multiply-add is a function call where the compiler may not count on the processor's.
    Scalar,
}

impl Backend {
    /// All backends, the fastest first.
    const ALL: [Backend; 4] = [
        Backend::Avx512,
        Backend::Avx2,
        Backend::Neon,
        Backend::Scalar,
    ];

    /// The fastest backend of this processor.
    pub fn detect() -> Backend {
        Backend::available().next().unwrap_or(Backend::Scalar)
    }

    /// The backends that this processor has, the fastest first.
    pub fn available() -> impl Iterator<Item = Backend> {
        Backend::ALL
            .into_iter()
            .filter(|backend| backend.is_available())
    }

    fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512 => avx512::is_available(),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => avx2::is_available(),
            #[cfg(target_arch = "aarch64")]
            Backend::Neon => true, // part of the architecture's base
            Backend::Scalar => true,
            #[allow(
                unreachable_patterns,
                reason = "which backends are left depends on the architecture"
            )]
            _ => false,
        }
    }

    /// The one point at which a job meets its instruction set.
    pub(crate) fn run<T: Task>(self, task: T) -> T::Output {
        assert!(self.is_available(), "this processor has no {self:?}");
        match self {
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512 => avx512::run(task),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => avx2::run(task),
            #[cfg(target_arch = "aarch64")]
            Backend::Neon => neon::run(task),
            _ => scalar::run(task),
        }
    }
}
