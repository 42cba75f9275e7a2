//! Are the periods and multipliers of what is inside those of exact arithmetic, at every depth?

use std::sync::atomic::AtomicBool;

use fractal::{Field, Formula, Plan, Tier, View};

use crate::growth::Picture;
use crate::random::SplitMix64;
use crate::{HEIGHT, WIDTH, field, place, view};

/// The minibrot of a place, a little more than whole.
pub(crate) fn minibrot(id: &str, periods: u64) -> View {
    let view = place(id);
    let nucleus = fractal::nucleus(&view, &AtomicBool::new(false));
    let nucleus = nucleus.unwrap().unwrap();
    View {
        re: nucleus.re,
        im: nucleus.im,
        zoom: nucleus.zoom,
        limit: periods * nucleus.period,
        ..view
    }
}

#[test]
fn interior_samples_know_their_period() {
    // The middle of this picture is the component of period 3 above the cardioid.
    let field = field(&view(Formula::Mandelbrot, "-0.1226", "0.7449", "10", 5000));
    let (width, height) = (WIDTH as usize, HEIGHT as usize);
    for (sample, (&period, &count)) in field.period.iter().zip(&field.counts).enumerate() {
        let (x, y) = (sample % width, sample / width);
        let [re, im] = field.multiplier[sample];
        assert!(re.hypot(im) <= 1.0 && (period > 0 || re == 0.0 && im == 0.0));
        assert!(count == 0 || period == 0);
        if x.abs_diff(width / 2) < 8 && y.abs_diff(height / 2) < 8 {
            assert_eq!(period, 3, "{x}, {y}");
        }
    }
    let nucleus = field.multiplier[height / 2 * width + width / 2];
    let (period, [re, im]) = (field.period[0], nucleus);
    assert!(re.hypot(im) < 0.15 && period != 3);
}

/// Compares `chosen` random samples with the truth, half of them in bulbs, which have longer periods than the body.
fn holds_exact_cycles(view: &View, field: &Field, chosen: u32) {
    let picture = Picture::new(view);
    let inside = field.period.iter().filter(|period| **period > 0);
    let body = *inside.min().unwrap();
    let mut seen = [0, 0];
    let mut random = SplitMix64(7);
    while seen.iter().sum::<u32>() < chosen {
        let (column, row) = (random.below(WIDTH), random.below(HEIGHT));
        let sample = (row * WIDTH + column) as usize;
        let (period, [re, im]) = (field.period[sample], field.multiplier[sample]);
        let place = usize::from(period > body);
        // Others take too long to come to their cycle.
        let may = period > 0 && (0.01..0.7).contains(&re.hypot(im));
        if !may || 2 * seen[place] >= chosen {
            continue;
        }
        let truth = picture.cycle(column, row, period);
        let error = (f64::from(re) - truth[0]).hypot(f64::from(im) - truth[1]);
        assert!(
            error < 1e-6,
            "{error:e} at {column}, {row}, period {period} of {view:?}"
        );
        seen[place] += 1;
    }
}

#[test]
fn interior_samples_know_their_cycle_at_every_depth() {
    for (id, tier, chosen) in [
        ("e14-bench", Tier::Perturbation, 12),
        ("line-e28", Tier::Perturbation, 12),
        ("peanuts-e39", Tier::Perturbation, 4),
        ("multibrot-3-e60", Tier::Perturbation, 12),
        ("multibrot-3-e320", Tier::ExtendedPerturbation, 4),
    ] {
        let view = minibrot(id, 200);
        assert_eq!(Plan::new(&view).unwrap().tier(), tier);
        let field = field(&view);
        holds_exact_cycles(&view, &field, chosen);
        // All that do not escape are inside, but for some on the edge.
        let inside = field.counts.iter().filter(|count| **count == 0).count();
        let known = field.period.iter().filter(|period| **period > 0).count();
        assert!(
            known > 150 && inside - known < 20,
            "{id}: {known} of {inside}"
        );
    }
}
