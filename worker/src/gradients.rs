//! When is the table of a gradient made? Once for each palette of the catalogue, since it takes as long as a small tile;
//! and of those that requests bring, the latest few are kept, for the tiles of a view come together.

use std::collections::VecDeque;
use std::sync::{Mutex, OnceLock};

use fractal::{Gradient, Stop};
use protocol::{ChosenPalette, OwnStops, PALETTES};

/// As many people as look at pictures of their own palettes at a time; a table has 24 KiB.
const MOST_KEPT: usize = 16;

/// The gradient of a palette.
pub fn gradient_of(palette: &ChosenPalette) -> Gradient {
    static NAMED: [OnceLock<Gradient>; PALETTES.len()] =
        [const { OnceLock::new() }; PALETTES.len()];
    static OWN: Mutex<VecDeque<(OwnStops, Gradient)>> = Mutex::new(VecDeque::new());
    match palette {
        ChosenPalette::Named(named) => {
            let at = PALETTES
                .iter()
                .position(|known| std::ptr::eq(known, *named));
            at.map_or_else(
                || made(palette),
                |at| NAMED[at].get_or_init(|| made(palette)).clone(),
            )
        }
        ChosenPalette::Own(own) => {
            let kept = |known: &VecDeque<(OwnStops, Gradient)>| {
                let found = known.iter().find(|(stops, _)| stops == own);
                found.map(|(_, gradient)| gradient.clone())
            };
            // What a panicking holder left is a list like any other.
            if let Some(gradient) = kept(&OWN.lock().unwrap_or_else(|held| held.into_inner())) {
                return gradient;
            }
            let gradient = made(palette);
            let mut known = OWN.lock().unwrap_or_else(|held| held.into_inner());
            if kept(&known).is_none() {
                known.truncate(MOST_KEPT - 1);
                known.push_front((own.clone(), gradient.clone()));
            }
            gradient
        }
    }
}

fn made(palette: &ChosenPalette) -> Gradient {
    let stops = palette.around().into_iter().map(|stop| Stop {
        position: stop.position,
        colour: stop.colour,
    });
    Gradient::new(&stops.collect::<Vec<_>>()).expect("the protocol's stops go around in order")
}
