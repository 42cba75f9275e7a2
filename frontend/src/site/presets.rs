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
#[rustfmt::skip]
pub(crate) static PRESETS: [Preset; 14] = [
    place("The whole set", "Where every journey begins", "re=-0.65&zoom=1.4"),
    place("Seahorse Valley", "Between the head and the body", "re=-0.7475&im=0.1075&zoom=450"),
    place("Elephant Valley", "A trunk on the right of the heart", "re=0.2925755&im=-0.0149977&zoom=900&palette=ember"),
    place("Row of spirals", "Beside the bulb of period three", "re=-0.056&im=0.672&zoom=165&palette=aurora"),
    place("Needle's minibrot", "A whole set on the western spike", "re=-1.7548776662466927&zoom=130&palette=ocean"),
    place("Seahorse tail", "Spirals upon spirals", "re=-0.743643887037151&im=0.13182590420533&zoom=30000&palette=lagoon"),
    place("Lightning", "Dendrites, magnified 200,000 times", "re=-1.315180982097868&im=0.073481649996795&zoom=200000&palette=orchid"),
    place("Ten thousand million", "The seahorse tail, far inside", "re=-0.743643887037158704752&im=0.131825904205311970493&zoom=1e10&iterations=6000&palette=gold&colouring=histogram"),
    place("Leaves", "Five times ten to the 113th", "re=-1.47981577613247326072298452597877854692240725774045369689878510139864920741002293820250517329282011227363313053159203914640783&im=-0.00063911193261361727152139632255671572957303918943984736047394936471220951961813321928573067036466151147195436388486168819318&zoom=5e113&iterations=35494&palette=aurora"),
    // Dinkydau's; by way of rust-fractal-core, as the one before.
    place("Flake", "Past ten to the 157th", "re=-1.999966194450370304184346885063505796755312415407248515117619229448015842423426843813761297788689138122870464065609498643538105757447721664856724960928039200953319999999999999999999&im=-0.000000000000000000000000000000000300138243679093832407249730397759249873468311907733352701742572801204749756148235811856472992884140755192241865049781816254785289999999999999999999&zoom=2.56203307883e157&iterations=60000"),
    place("Julia", "The set that belongs to one seed", "formula=julia&seed_re=-0.8&seed_im=0.156&re=0&zoom=1.8&palette=lagoon"),
    // Upside down: the plane's imaginary axis points up, and the ship was named on a screen where it pointed down.
    place("Burning ship", "The armada on the horizon", "formula=burning_ship&re=-1.762&im=-0.028&zoom=45&rotation=180&palette=ember"),
    place("Tricorn", "Conjugated, and so three-horned", "formula=tricorn&re=-0.2&zoom=1.2&palette=glacier"),
    place("Multibrot", "The fourth power: three-fold symmetry", "formula=multibrot&power=4&re=0&zoom=1.6&palette=forest"),
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
