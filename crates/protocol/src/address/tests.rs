//! Addresses against arithmetic that is done otherwise: in floating point where that is exact, and by their own texts where it is not.

use proptest::prelude::*;

use super::*;

fn parse(address: &str) -> Result<TileAddress, FieldErrors> {
    let parts: Vec<&str> = address.split('/').collect();
    TileAddress::parse(parts[0], parts[1], parts[2], &Limits::default())
}

fn below(bits: usize) -> impl Strategy<Value = Natural> {
    proptest::collection::vec(0..2_u32, bits).prop_map(|bits| {
        let add = |number: Natural, bit: &u32| number.times_plus(2, *bit);
        bits.iter().fold(Natural::default(), add)
    })
}

fn address_at(z: usize) -> impl Strategy<Value = TileAddress> {
    let z32 = z as u32;
    (below(z), below(z)).prop_map(move |(x, y)| TileAddress { z: z32, x, y })
}

fn address() -> impl Strategy<Value = TileAddress> {
    (0..200_usize).prop_flat_map(address_at)
}

/// The value of `text` times 10^`places`, as digits with a sign.
fn scaled(text: &str, places: usize) -> (bool, Natural) {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction:0<places$}");
    let digits = digits.trim_start_matches('0');
    let number = if digits.is_empty() { "0" } else { digits };
    (negative, Natural::parse(number).unwrap())
}

/// Twice the mean of two decimals, against twice a third, exactly.
fn is_between(middle: &str, one: &str, other: &str) -> bool {
    let places = [middle, one, other]
        .map(str::len)
        .into_iter()
        .max()
        .unwrap();
    let [middle, one, other] = [middle, one, other].map(|text| scaled(text, places));
    // From 3 · 10^places on nothing is negative.
    let lift = Natural::parse(&format!("3{}", "0".repeat(places))).unwrap();
    let lifted = |(negative, number): (bool, Natural)| {
        if negative {
            lift.distance(&number)
        } else {
            lift.times(2).distance(&lift.distance(&number))
        }
    };
    let [middle, one, other] = [middle, one, other].map(lifted);
    let (low, high) = if one < other {
        (one, other)
    } else {
        (other, one)
    };
    low < middle && middle < high && middle.distance(&low) == high.distance(&middle)
}

#[test]
fn the_root_is_the_square_of_side_4_around_minus_a_half() {
    let root = TileAddress::root();
    assert_eq!(root.centre(), ["-0.5", "0"]);
    assert_eq!(root.zoom(), "1");
    assert_eq!(root.parent(), None);
    let centres = root.children().map(|child| child.centre());
    assert_eq!(
        centres,
        [["-1.5", "1"], ["0.5", "1"], ["-1.5", "-1"], ["0.5", "-1"]]
    );
    assert_eq!(
        Side::ALL.map(|side| root.neighbour(side)),
        [const { None }; 4]
    );
}

#[test]
fn what_is_no_number_is_malformed_and_what_is_not_there_unacceptable() {
    for address in ["x/0/0", "0/-1/0", "0/0/", "1/01/0", "3/1e1/0"] {
        assert_eq!(parse(address).unwrap_err().status(), 400, "{address}");
    }
    for address in ["0/1/0", "0/0/1", "3/8/0", "40000/0/0", "99999999999/0/0"] {
        assert_eq!(parse(address).unwrap_err().status(), 422, "{address}");
    }
    let long = format!("20/{}/0", "1".repeat(10_000));
    let errors = parse(&long).unwrap_err();
    assert_eq!(errors.status(), 400);
    assert!(errors.to_string().contains("at most 98"), "{errors}");
    let deepest = TileAddress::deepest(&Limits::default());
    let errors = parse("32761/0/0").unwrap_err();
    assert_eq!(errors.iter().next().unwrap().field, "z");
    assert!(errors.to_string().contains(&deepest.to_string()));
}

#[test]
fn the_deepest_tile_is_a_view_within_the_limits() {
    for limits in [
        Limits::default(),
        Limits {
            zoom_exponent: 13,
            ..Limits::default()
        },
        Limits {
            digits: 40,
            ..Limits::default()
        },
    ] {
        let z = TileAddress::deepest(&limits);
        let x = Natural::power_of_two(z).distance(&Natural::from(1));
        let tile = TileAddress {
            z,
            x,
            y: Natural::default(),
        };
        let text = [z.to_string(), tile.x.to_string(), "0".to_owned()];
        let read = TileAddress::parse(&text[0], &text[1], &text[2], &limits).unwrap();
        assert_eq!(read, tile);
        let (view, _) = tile.piece_of(View::default());
        let again = View::read(crate::Fields::from_query(&view.query()), &limits);
        assert_eq!(again.unwrap(), view);
    }
}

#[test]
fn levels_of_a_group_and_neighbours_have_an_ancestor_in_common() {
    let view = |address: &str| parse(address).unwrap().piece_of(View::default());
    let (six, rect) = view("6/40/9");
    assert_eq!((six.zoom.as_str(), six.width), ("16", 1024));
    assert_eq!((rect.x, rect.y, rect.w, rect.h), (0, 256, 256, 256));
    let (nine, _) = view("9/320/72");
    assert_eq!((nine.zoom.as_str(), nine.width), ("16", 8192));
    assert_eq!((&six.re, &six.im), (&nine.re, &nine.im));
    assert_eq!(view("1/1/0").0.width, 512);
    assert_eq!(view("0/0/0").0.zoom.as_str(), "1");
}

proptest! {
    #[test]
    fn an_address_comes_back_from_its_text(address in address()) {
        prop_assert_eq!(parse(&address.to_string()).unwrap(), address);
    }

    #[test]
    fn children_lead_back_to_their_parent_and_surround_its_centre(address in address()) {
        let children = address.children();
        for child in &children {
            prop_assert_eq!(child.parent(), Some(address.clone()));
            prop_assert!(parse(&child.to_string()).is_ok());
        }
        let [re, im] = address.centre();
        let [upper_left, _, _, lower_right] = children.map(|child| child.centre());
        prop_assert!(is_between(&re, &upper_left[0], &lower_right[0]));
        prop_assert!(is_between(&im, &upper_left[1], &lower_right[1]));
    }

    #[test]
    fn a_step_aside_and_back_ends_where_it_began(address in address()) {
        let back = [Side::Right, Side::Left, Side::Down, Side::Up];
        for (side, back) in Side::ALL.into_iter().zip(back) {
            if let Some(beside) = address.neighbour(side) {
                prop_assert_ne!(&beside, &address);
                prop_assert_eq!(beside.neighbour(back), Some(address.clone()));
            }
        }
    }

    #[test]
    fn shallow_centres_are_those_of_floating_point(address in (0..20_usize).prop_flat_map(address_at)) {
        let number = |count: &Natural| count.to_string().parse::<f64>().unwrap();
        let side = 4.0 / f64::from(1_u32 << address.z);
        let [re, im] = address.centre().map(|text| text.parse::<f64>().unwrap());
        prop_assert_eq!(re, -2.5 + (number(&address.x) + 0.5) * side);
        prop_assert_eq!(im, 2.0 - (number(&address.y) + 0.5) * side);
    }

    #[test]
    fn a_tile_lies_in_its_picture_where_its_centre_says(address in (0..20_usize).prop_flat_map(address_at)) {
        let (view, rect) = address.piece_of(View::default());
        let pitch = 4.0 / view.zoom.to_f64() / f64::from(view.height);
        let place = |start: u32| f64::from(start) + 128.0 - f64::from(view.width) / 2.0;
        let [re, im] = address.centre().map(|text| text.parse::<f64>().unwrap());
        prop_assert_eq!(re, view.re.to_f64() + pitch * place(rect.x));
        prop_assert_eq!(im, view.im.to_f64() - pitch * place(rect.y));
        prop_assert!(view.width <= 8192);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn it_is_exact_at_level_4000(address in address_at(4000)) {
        let text = address.to_string();
        prop_assert_eq!(&parse(&text).unwrap(), &address);
        let [re, im] = address.centre();
        // An odd multiple of 2^-3999: no digit can be left out, and none is.
        for part in [&re, &im] {
            let (_, fraction) = part.split_once('.').unwrap();
            prop_assert_eq!(fraction.len(), 3999);
            prop_assert!(fraction.ends_with('5'));
        }
        let [upper_left, _, _, lower_right] = address.children().map(|child| child.centre());
        prop_assert!(is_between(&re, &upper_left[0], &lower_right[0]));
        prop_assert!(is_between(&im, &upper_left[1], &lower_right[1]));
        prop_assert_eq!(address.zoom().len(), 1205);
    }
}
