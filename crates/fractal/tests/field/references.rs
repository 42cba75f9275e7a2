//! Whose orbit does a view follow, and does it matter whose?

use std::sync::atomic::AtomicBool;

use fractal::{Plan, PlanError, Quality, Rect, View};
use proptest::prelude::*;

use super::{field, renderer, view};

#[test]
fn a_pan_keeps_the_reference_and_moves_the_picture() {
    // Pixels of 4e-22.
    let before = View {
        height: 100,
        ..view("0", "1", "1e20")
    };
    let after = View {
        re: "4e-21".parse().unwrap(),
        im: "1.000000000000000000002".parse().unwrap(),
        ..before.clone()
    };
    let key = |view: &View| Plan::new(view).unwrap().orbit().unwrap().clone();
    assert_eq!(key(&before), key(&after));
    let (one, two) = (field(&before), field(&after));
    let (width, height) = (one.width, one.height);
    // To the right by ten and up by five.
    for y in 5..height {
        let (row, same) = ((y - 5) * width, y * width);
        assert_eq!(
            one.counts[row + 10..row + width],
            two.counts[same..same + width - 10]
        );
    }
    let far = View {
        re: "1e-18".parse().unwrap(),
        ..before.clone()
    };
    assert_ne!(key(&before), key(&far));
    // A little nearer is the same cell, twice as near is another.
    let zoomed = |zoom: &str| View {
        zoom: zoom.parse().unwrap(),
        ..before.clone()
    };
    assert_eq!(key(&before), key(&zoomed("1.1e20")));
    assert_ne!(key(&before), key(&zoomed("2e20")));
}

/// A series has the samples of the picture, and of a margin; what lies beyond goes by the reference.
#[test]
fn a_rectangle_far_beyond_the_picture_is_what_a_larger_picture_has_there() {
    // Pixels of 1e-12.
    let narrow = View {
        height: 100,
        limit: 20_000,
        quality: Quality::Standard,
        ..view(
            "-0.743643887037158704752191506114774",
            "0.131825904205311970493132056385139",
            "4e10",
        )
    };
    let wide = View {
        re: "-0.743643886957158704752191506114774".parse().unwrap(),
        width: 320,
        ..narrow.clone()
    };
    let rect = Rect {
        x: 140,
        y: 0,
        w: 180,
        h: 100,
    };
    let of = |view: &View| renderer(view).field(rect, &AtomicBool::new(false)).unwrap();
    let (beyond, within) = (of(&narrow).counts, of(&wide).counts);
    let differing = beyond.iter().zip(&within).filter(|(a, b)| a != b).count();
    assert!(differing * 1000 <= within.len(), "{differing} differ");
    assert!(
        within.iter().max() > Some(&2_000),
        "{:?}",
        within.iter().max()
    );
}

proptest! {
    /// In steps of 1e-24; a visible height is 4e-20.
    #[test]
    fn a_pan_that_names_where_it_began_needs_no_other_orbit(
        began in prop::array::uniform2(-1_000_000_i64..1_000_000),
        moved in prop::array::uniform2(-320_000_i64..=320_000),
    ) {
        let at = |steps: [i64; 2]| {
            let [re, im] = steps.map(|steps| {
                let beside_one = 10_i128.pow(24) + i128::from(steps);
                format!("{beside_one}e-24")
            });
            View { height: 90, ..view(&re, &im, "1e20") }
        };
        let before = at(began);
        let after = View {
            reference: Some([before.re.clone(), before.im.clone()]),
            ..at([began[0] + moved[0], began[1] + moved[1]])
        };
        let key = |view: &View| Plan::new(view).unwrap().orbit().unwrap().clone();
        prop_assert_eq!(key(&before), key(&after));
        // Who names the centre names nothing new.
        let named = View { re: before.re.clone(), im: before.im.clone(), ..after };
        prop_assert_eq!(key(&before), key(&named));
    }
}

/// In f64, too, where nobody asks for it.
#[test]
fn a_reference_is_at_most_8_heights_away() {
    for (zoom, near, far) in [
        ("1e20", "3.2e-19", "3.2000001e-19"),
        ("1e-2", "-3.2e3", "-3200.001"),
        ("1e900", "3.2e-899", "1"),
    ] {
        let along = |re: &str, im: &str| View {
            reference: Some([re.parse().unwrap(), im.parse().unwrap()]),
            ..view("0", "0", zoom)
        };
        let refusal = |view: View| Plan::new(&view).err();
        assert_eq!(refusal(along(near, near)), None);
        let (of_re, of_im) = (refusal(along(far, near)), refusal(along(near, far)));
        assert_eq!(of_re, Some(PlanError::ReferenceReTooFar));
        assert_eq!(of_im, Some(PlanError::ReferenceImTooFar));
    }
}
