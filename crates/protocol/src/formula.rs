//! Which formula is iterated, by its name in requests.

use crate::{Decimal, Fault, Fields, Limits};

/// The iterated formula. z₀ = 0 and c is the sample, except for Julia sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    /// z² + c.
    Mandelbrot,
    /// zᵖ + c.
    Multibrot {
        /// p, from 2 to 8.
        power: u32,
    },
    /// z² + seed, where z starts at the sample.
    Julia {
        /// The seed's real part.
        seed_re: Decimal,
        /// The seed's imaginary part.
        seed_im: Decimal,
    },
    /// (|Re z| + i |Im z|)² + c.
    BurningShip,
    /// conj(z)² + c.
    Tricorn,
}

impl Formula {
    /// Every name that `formula` takes.
    pub const NAMES: [&str; 5] = [
        "mandelbrot",
        "multibrot",
        "julia",
        "burning_ship",
        "tricorn",
    ];

    /// The formula's name in requests.
    pub fn name(&self) -> &'static str {
        match self {
            Formula::Mandelbrot => "mandelbrot",
            Formula::Multibrot { .. } => "multibrot",
            Formula::Julia { .. } => "julia",
            Formula::BurningShip => "burning_ship",
            Formula::Tricorn => "tricorn",
        }
    }

    /// Reads `formula`, `power`, `seed_re` and `seed_im`. The last three are checked whatever the
    /// formula is, because a form sends all of its fields; they matter only to their own formula.
    pub(crate) fn take(fields: &mut Fields, limits: &Limits) -> Formula {
        let name = fields.read("formula", "mandelbrot", |text| {
            let known = Formula::NAMES.into_iter().find(|name| *name == text);
            known.ok_or_else(|| {
                (
                    Fault::Malformed,
                    format!("one of {}", Formula::NAMES.join(", ")),
                )
            })
        });
        let power = fields.read("power", 3, |text| {
            crate::fields::whole(text, 2..=8).map(|power| power as u32)
        });
        let mut seed = |part, default: &str| {
            let default = Decimal::parse(default, default.len()).expect("the default is a decimal");
            fields.read(part, default, |text| {
                let seed = Decimal::parse(text, limits.digits)?;
                if seed.to_f64().abs() <= 2.0 {
                    Ok(seed)
                } else {
                    Err((
                        Fault::Unacceptable,
                        "a decimal number from -2 to 2".to_owned(),
                    ))
                }
            })
        };
        let (seed_re, seed_im) = (seed("seed_re", "-0.8"), seed("seed_im", "0.156"));
        match name {
            "multibrot" => Formula::Multibrot { power },
            "julia" => Formula::Julia { seed_re, seed_im },
            "burning_ship" => Formula::BurningShip,
            "tricorn" => Formula::Tricorn,
            _ => Formula::Mandelbrot,
        }
    }
}
