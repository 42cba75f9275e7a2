//! May samples be filled that are enclosed by others? What a request may lose of the finest channels for speed.

use crate::{Fault, Fields, Formula};

/// Which squares of a picture are filled without iterating their samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subdivision {
    /// None: every sample is iterated.
    #[default]
    None,
    /// Those on whose border no sample escapes. Channels that are narrower than the distance of samples are lost.
    Interior,
}

impl Subdivision {
    /// All of them, the default first.
    pub const ALL: [Subdivision; 2] = [Subdivision::None, Subdivision::Interior];

    /// The name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Subdivision::None => "none",
            Subdivision::Interior => "interior",
        }
    }

    /// Reads `subdivision`; a formula whose set may have holes has none.
    pub(crate) fn take(fields: &mut Fields, formula: &Formula) -> Subdivision {
        fields.read("subdivision", Subdivision::default(), |text| {
            let known = Subdivision::ALL.into_iter().find(|s| s.name() == text);
            let names = Subdivision::ALL.map(Subdivision::name).join(", ");
            let known = known.ok_or_else(|| (Fault::Malformed, format!("one of {names}")))?;
            match formula {
                Formula::BurningShip | Formula::Tricorn if known != Subdivision::None => {
                    let accepted = format!("none: what {} encloses may escape", formula.name());
                    Err((Fault::Unacceptable, accepted))
                }
                _ => Ok(known),
            }
        })
    }
}
