//! Where is it worth going? Places for whoever does not know yet, as the query strings of their views.

use serde::Serialize;

/// A place.
#[derive(Debug, Serialize)]
pub(crate) struct Preset {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) query: &'static str,
}

const fn place(name: &'static str, about: &'static str, query: &'static str) -> Preset {
    Preset { name, about, query }
}

/// The places, from the shallow to the deep, then the other formulas.
pub(crate) static PRESETS: [Preset; 12] = [
    place(
        "The whole set",
        "Where every journey begins",
        "re=-0.65&zoom=1.4",
    ),
    place(
        "Seahorse Valley",
        "Between the head and the body",
        "re=-0.7453&im=0.1127&zoom=120",
    ),
    place(
        "Elephant Valley",
        "Trunks on the right of the heart",
        "re=0.2825&im=0.0101&zoom=90&palette=ember",
    ),
    place(
        "Triple spiral",
        "Arms in threes, turning",
        "re=-0.088&im=0.654&zoom=100&palette=aurora",
    ),
    place(
        "Seahorse tail",
        "Spirals upon spirals",
        "re=-0.743643887037151&im=0.13182590420533&zoom=30000&palette=lagoon",
    ),
    place(
        "Needle's minibrot",
        "A whole set on the western spike",
        "re=-1.7687788&im=0.0017389&zoom=12000&palette=ocean",
    ),
    place(
        "Lightning",
        "Dendrites at ten thousand fold",
        "re=-1.315180982097868&im=0.073481649996795&zoom=200000&palette=orchid",
    ),
    place(
        "Ten thousand million",
        "As deep as doubles see well",
        "re=-0.743643887037158704752&im=0.131825904205311970493&zoom=1e10&iterations=6000&palette=gold&colouring=histogram",
    ),
    place(
        "Julia",
        "The set that belongs to one seed",
        "formula=julia&seed_re=-0.8&seed_im=0.156&re=0&zoom=1.4&palette=lagoon",
    ),
    place(
        "Burning ship",
        "The armada on the horizon",
        "formula=burning_ship&re=-1.762&im=-0.028&zoom=45&palette=ember",
    ),
    place(
        "Tricorn",
        "Three-horned, with conjugates",
        "formula=tricorn&re=-0.2&zoom=1.2&palette=glacier",
    ),
    place(
        "Multibrot",
        "Fourth power, three-fold symmetry",
        "formula=multibrot&power=4&re=0&zoom=1.5&palette=forest",
    ),
];

#[cfg(test)]
mod tests {
    use protocol::{Fields, Limits, View};

    use super::*;

    #[test]
    fn every_place_is_a_view() {
        for preset in &PRESETS {
            let view = View::read(Fields::from_query(preset.query), &Limits::default());
            assert!(view.is_ok(), "{}: {view:?}", preset.name);
        }
    }
}
