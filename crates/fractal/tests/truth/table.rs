//! How true is each place? The table of `docs/truth.md`.

use crate::counts::Counts;
use crate::picture::Quality;
use crate::place::Place;
use crate::verdict::Verdict;

#[test]
#[ignore = "computes every place to print, not to judge"]
fn the_table_for_the_docs_is_printed() {
    println!("| place | pixels | patches | wrong at standard | wrong at exact |");
    println!("|---|---:|---:|---:|---:|");
    for place in Place::all() {
        let expected = Counts::read(&place).unwrap();
        let patches = match expected.patches.as_slice() {
            [] => "none".to_owned(),
            [first, ..] => format!("{} × {}²", expected.patches.len(), first.side),
        };
        let [standard, exact] = [Quality::Standard, Quality::Exact]
            .map(|quality| wrong(Verdict::on(&place, quality, &expected)));
        let (id, pixels) = (&place.id, expected.pixels.len());
        println!("| {id} | {pixels} | {patches} | {standard} | {exact} |");
    }
}

/// Random pixels, and those in patches.
fn wrong(verdict: Result<Verdict, fractal::PlanError>) -> String {
    match verdict {
        Ok(verdict) => format!("{} + {}", verdict.wrong_pixels(), verdict.wrong_in_patches),
        Err(_) => "not drawn".to_owned(),
    }
}
