//! Which palettes are there, and of what colours? The catalogue is data that both sides speak: the
//! frontend shows swatches of it, the worker paints with it, and a request names an entry.
//!
//! The stops follow smooth curves in OKLCH (Ottosson, "A perceptual color space for image processing",
//! 2020), sampled closely enough that the straight lines between them, drawn in linear light, stay on
//! the curve. Every palette is cyclic: the last stop leads back to the first.

/// A colour at a place of a palette.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop {
    /// From 0, inclusive, to 1, exclusive.
    pub position: f64,
    /// The colour in sRGB.
    pub colour: [u8; 3],
}

/// A cyclic gradient with a name.
#[derive(Debug, PartialEq)]
pub struct Palette {
    /// The name in requests.
    pub name: &'static str,
    /// A few words for people.
    pub about: &'static str,
    /// Evenly spaced colours, the first at position 0.
    colours: [[u8; 3]; 16],
}

impl Palette {
    /// The palette called `name`.
    pub fn named(name: &str) -> Option<&'static Palette> {
        PALETTES.iter().find(|palette| palette.name == name)
    }

    /// The stops, in ascending order.
    pub fn stops(&self) -> impl Iterator<Item = Stop> + '_ {
        let count = self.colours.len() as f64;
        self.colours
            .iter()
            .enumerate()
            .map(move |(i, &colour)| Stop {
                position: i as f64 / count,
                colour,
            })
    }

    /// The stops once around: they begin with the last one, a turn earlier, and end with the first one, a turn later, so that
    /// every position from 0 to 1 lies between two.
    pub fn around(&self) -> Vec<Stop> {
        around(self.stops())
    }

    pub(crate) fn accepted() -> String {
        let names: Vec<&str> = PALETTES.iter().map(|palette| palette.name).collect();
        format!("one of {}", names.join(", "))
    }
}

/// As [`Palette::around`].
pub(crate) fn around(stops: impl Iterator<Item = Stop>) -> Vec<Stop> {
    let stops: Vec<Stop> = stops.collect();
    let turned = |stop: &Stop, turn| Stop {
        position: stop.position + turn,
        ..*stop
    };
    let before = stops.last().map(|last| turned(last, -1.0));
    let after = stops.first().map(|first| turned(first, 1.0));
    before.into_iter().chain(stops).chain(after).collect()
}

/// The catalogue, the default first.
#[rustfmt::skip]
pub static PALETTES: [Palette; 12] = [
    Palette {
        name: "dusk",
        about: "Night blue through violet and ember to pale gold",
        colours: [
            [3, 10, 38], [12, 21, 67], [28, 31, 98], [47, 40, 130],
            [83, 43, 149], [124, 42, 156], [165, 40, 150], [205, 52, 120],
            [234, 78, 80], [249, 119, 39], [255, 169, 63], [240, 213, 111],
            [135, 220, 197], [140, 181, 214], [77, 111, 162], [34, 54, 100],
        ],
    },
    Palette {
        name: "ocean",
        about: "Deep water to foam and back",
        colours: [
            [1, 10, 32], [3, 24, 55], [3, 39, 80], [0, 55, 106],
            [2, 73, 129], [0, 97, 146], [4, 120, 164], [2, 145, 181],
            [1, 170, 198], [115, 204, 213], [183, 235, 234], [176, 230, 231],
            [121, 198, 215], [70, 159, 196], [32, 99, 146], [11, 47, 91],
        ],
    },
    Palette {
        name: "ember",
        about: "Black coal, red glow, white heat",
        colours: [
            [5, 1, 0], [30, 3, 1], [60, 5, 3], [93, 7, 5],
            [128, 7, 9], [155, 25, 4], [182, 45, 0], [206, 67, 4],
            [231, 88, 3], [240, 129, 0], [250, 164, 7], [255, 206, 78],
            [250, 230, 165], [242, 190, 108], [215, 133, 53], [120, 39, 6],
        ],
    },
    Palette {
        name: "aurora",
        about: "Green and violet curtains over a dark sky",
        colours: [
            [4, 8, 25], [1, 30, 54], [1, 55, 73], [1, 83, 89],
            [3, 115, 110], [11, 151, 126], [0, 190, 127], [84, 221, 138],
            [151, 244, 174], [94, 228, 190], [5, 183, 194], [5, 137, 187],
            [41, 103, 210], [93, 61, 192], [75, 36, 144], [31, 24, 83],
        ],
    },
    Palette {
        name: "forest",
        about: "Moss, fern and sunlight",
        colours: [
            [2, 12, 4], [5, 27, 10], [12, 44, 18], [20, 61, 26],
            [30, 78, 34], [43, 97, 40], [58, 115, 44], [74, 134, 48],
            [92, 153, 50], [146, 183, 70], [199, 213, 96], [214, 210, 98],
            [182, 166, 67], [145, 122, 39], [93, 70, 20], [40, 39, 6],
        ],
    },
    Palette {
        name: "lagoon",
        about: "Teal shallows and coral",
        colours: [
            [0, 26, 33], [0, 45, 54], [3, 67, 75], [3, 89, 97],
            [5, 113, 118], [22, 149, 150], [74, 184, 179], [114, 220, 208],
            [177, 234, 197], [229, 239, 204], [240, 215, 160], [251, 165, 110],
            [232, 115, 97], [186, 74, 79], [139, 34, 61], [56, 35, 91],
        ],
    },
    Palette {
        name: "gold",
        about: "Bronze, gold and ivory",
        colours: [
            [11, 4, 1], [31, 15, 3], [54, 28, 4], [78, 43, 6],
            [103, 58, 7], [129, 74, 8], [154, 95, 12], [179, 118, 16],
            [204, 142, 21], [225, 169, 51], [237, 204, 125], [251, 236, 185],
            [224, 197, 140], [190, 140, 72], [140, 86, 23], [71, 41, 10],
        ],
    },
    Palette {
        name: "orchid",
        about: "Plum and rose petals",
        colours: [
            [15, 3, 24], [34, 8, 47], [55, 15, 71], [78, 21, 96],
            [103, 28, 121], [130, 39, 141], [160, 54, 154], [191, 69, 167],
            [223, 85, 177], [245, 128, 192], [254, 181, 213], [255, 217, 232],
            [217, 156, 215], [153, 107, 209], [94, 58, 144], [48, 18, 78],
        ],
    },
    Palette {
        name: "glacier",
        about: "Ice on slate",
        colours: [
            [16, 28, 40], [27, 45, 61], [39, 63, 84], [51, 82, 107],
            [64, 102, 131], [78, 124, 155], [98, 147, 175], [120, 171, 195],
            [143, 196, 216], [169, 219, 234], [203, 236, 242], [238, 251, 252],
            [188, 217, 226], [127, 168, 198], [85, 117, 156], [48, 70, 95],
        ],
    },
    Palette {
        name: "rainbow",
        about: "All hues at one lightness",
        colours: [
            [244, 122, 125], [241, 129, 83], [228, 142, 38], [203, 157, 7],
            [171, 172, 29], [127, 184, 78], [67, 192, 122], [9, 191, 164],
            [4, 187, 195], [13, 182, 224], [67, 172, 251], [125, 160, 255],
            [164, 146, 251], [196, 135, 231], [221, 126, 202], [237, 121, 165],
        ],
    },
    Palette {
        name: "contrast",
        about: "Blue and orange, safe for colour-blind eyes",
        colours: [
            [3, 16, 44], [11, 36, 80], [19, 59, 119], [26, 84, 160],
            [56, 122, 195], [116, 170, 221], [181, 218, 246], [218, 245, 240],
            [251, 248, 241], [247, 230, 192], [240, 204, 140], [226, 164, 88],
            [212, 123, 30], [172, 85, 4], [116, 51, 5], [69, 20, 28],
        ],
    },
    Palette {
        name: "grey",
        about: "Black to white and back",
        colours: [
            [3, 3, 3], [24, 24, 24], [51, 51, 51], [80, 80, 80],
            [111, 111, 111], [143, 143, 143], [177, 177, 177], [212, 212, 212],
            [248, 248, 248], [212, 212, 212], [177, 177, 177], [143, 143, 143],
            [111, 111, 111], [80, 80, 80], [51, 51, 51], [24, 24, 24],
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_to_their_palette() {
        for palette in &PALETTES {
            assert!(std::ptr::eq(Palette::named(palette.name).unwrap(), palette));
        }
    }

    #[test]
    fn neighbouring_stops_are_close_enough_to_look_continuous() {
        for palette in &PALETTES {
            let stops: Vec<Stop> = palette.stops().collect();
            for (i, stop) in stops.iter().enumerate() {
                let next = stops[(i + 1) % stops.len()];
                for channel in 0..3 {
                    let step = stop.colour[channel].abs_diff(next.colour[channel]);
                    assert!(step < 128, "{} jumps at {}", palette.name, stop.position);
                }
            }
        }
    }
}
