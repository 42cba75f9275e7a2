//! What is drawn how, and what is refused?

use fractal::{Formula, Plan, PlanError, Quality, Tier, View};

use super::view;

#[test]
fn the_depth_and_the_quality_choose_the_tier() {
    let seahorse = |zoom: &str, quality| {
        let view = View {
            width: 1920,
            height: 1080,
            quality,
            ..view("-0.7436438870371587", "0.1318259042053119", zoom)
        };
        Plan::new(&view).map(|plan| plan.tier())
    };
    for (zoom, quality, tier) in [
        ("1", Quality::Exact, Tier::Direct),
        ("40", Quality::Exact, Tier::Perturbation),
        ("40", Quality::Standard, Tier::Direct),
        ("2000", Quality::Exact, Tier::Perturbation),
        ("2000", Quality::Standard, Tier::Direct),
        ("1e7", Quality::Standard, Tier::Perturbation),
        ("4e10", Quality::Fast, Tier::Direct),
        ("1e12", Quality::Fast, Tier::Perturbation),
        ("1e280", Quality::Standard, Tier::Perturbation),
        ("1e300", Quality::Standard, Tier::ExtendedPerturbation),
        ("1e2000", Quality::Fast, Tier::ExtendedPerturbation),
    ] {
        assert_eq!(seahorse(zoom, quality), Ok(tier), "{zoom} {quality:?}");
    }
    for zoom in ["1e100001", "1e999999999", "1e999999999999999"] {
        let refused = seahorse(zoom, Quality::Fast);
        assert_eq!(refused, Err(PlanError::TooDeep), "{zoom}");
    }
}

#[test]
fn bad_views_are_refused_by_name() {
    type Spoil = fn(&mut View);
    fn julia(re: &str) -> Formula {
        Formula::Julia {
            seed_re: re.parse().unwrap(),
            seed_im: "0".parse().unwrap(),
        }
    }
    let bad: [(Spoil, PlanError); 16] = [
        (
            |v| v.zoom = "0".parse().unwrap(),
            PlanError::ZoomNotPositive,
        ),
        (
            |v| v.zoom = "-1".parse().unwrap(),
            PlanError::ZoomNotPositive,
        ),
        (
            |v| v.zoom = "1e-999999999".parse().unwrap(),
            PlanError::OutOfRange,
        ),
        (
            |v| v.re = "1e999999999".parse().unwrap(),
            PlanError::OutOfRange,
        ),
        (|v| v.im = "-1e31".parse().unwrap(), PlanError::OutOfRange),
        (|v| v.rotation = f64::NAN, PlanError::RotationNotFinite),
        (|v| v.rotation = f64::INFINITY, PlanError::RotationNotFinite),
        (|v| v.width = 0, PlanError::Size),
        (|v| v.samples = 0, PlanError::Size),
        (
            |v| (v.height, v.samples) = (u32::MAX, u32::MAX),
            PlanError::Size,
        ),
        (|v| v.limit = 0, PlanError::Limit),
        (|v| v.limit = u64::MAX, PlanError::Limit),
        (
            |v| v.formula = Formula::Multibrot { power: 1 },
            PlanError::Power,
        ),
        (
            |v| v.formula = Formula::Multibrot { power: 9 },
            PlanError::Power,
        ),
        (|v| v.formula = julia("2.01"), PlanError::SeedTooFar),
        (|v| v.formula = julia("-1e999999999"), PlanError::SeedTooFar),
    ];
    for (spoil, error) in bad {
        let mut view = view("-0.5", "0", "1");
        spoil(&mut view);
        assert_eq!(Plan::new(&view).unwrap_err(), error, "{view:?}");
    }
}
