//! From the words of a request to the mathematics: where a view of the protocol becomes a plan of the
//! arithmetic, and what cannot be computed is refused by the name of its field.

use protocol::{
    Channel, Fault, FieldError, FieldErrors, Format, Formula, Quality, Strips, Subdivision,
    TileRequest, View,
};

/// The plan of a view whose samples are followed for at most `limit` iterations, or the field that stands in its way.
pub(crate) fn plan(view: &View, limit: u64) -> Result<fractal::Plan, FieldErrors> {
    let plan = fractal::Plan::new(&view_of_pixels(view, limit));
    let plan = match view.subdivision {
        Subdivision::None => plan,
        Subdivision::Interior => plan.and_then(fractal::Plan::subdividing),
    };
    plan.map_err(|e| refusal(view, &e).into())
}

/// The view in the words of the arithmetic.
pub(crate) fn view_of_pixels(view: &View, limit: u64) -> fractal::View {
    fractal::View {
        re: decimal(&view.re),
        im: decimal(&view.im),
        zoom: decimal(&view.zoom),
        rotation: view.rotation,
        width: view.width,
        height: view.height,
        samples: view.samples,
        formula: formula(&view.formula),
        limit,
        reference: reference(view),
        quality: quality(view.quality),
    }
}

/// What `auto` is at most, by the depth of the view alone.
pub(crate) fn generous_limit(view: &View) -> u64 {
    fractal::auto_iterations(&decimal(&view.zoom))
}

/// The refusal of a limit that an orbit of `most` steps does not reach.
pub(crate) fn orbit_too_long(limit: u64, most: u64) -> FieldErrors {
    let accepted = format!(
        "auto, or at most {most} at this depth: so long a reference orbit fits into the worker's memory"
    );
    FieldError::new(
        "iterations",
        &limit.to_string(),
        Fault::Unacceptable,
        accepted,
    )
    .into()
}

/// The view with sides of at most `side` pixels, for a preview of it. Nothing is filled: its samples are few, and far from each other.
pub(crate) fn resized(view: &View, side: u32) -> View {
    let longer = view.width.max(view.height);
    // Rounded up, so that the preview shows no more of the plane than its view does.
    let scaled = |own: u32| {
        let product = u64::from(own) * u64::from(side.min(longer));
        product.div_ceil(u64::from(longer)) as u32
    };
    View {
        width: scaled(view.width),
        height: scaled(view.height),
        samples: 1,
        subdivision: Subdivision::None,
        ..view.clone()
    }
}

/// Checks what only the form of the answer decides.
pub(crate) fn check_channel(request: &TileRequest, format: Format) -> Result<(), FieldErrors> {
    let refuse = |field, value: String, accepted: &str| {
        Err(FieldError::new(field, &value, Fault::Unacceptable, accepted).into())
    };
    let (view, rect) = (&request.view, request.rect);
    let strips = Strips::of(view);
    match format {
        Format::Band if rect.x != 0 => {
            refuse("x", rect.x.to_string(), "0: a band is of whole rows")
        }
        Format::Band if rect.w != view.width => refuse(
            "w",
            rect.w.to_string(),
            "the picture's width: a band is of whole rows",
        ),
        Format::Band if !strips.begin_at(rect.y) => refuse(
            "y",
            rect.y.to_string(),
            &format!("a multiple of {}: a band is of whole strips", strips.rows()),
        ),
        Format::Band if !strips.end_at(rect.y + rect.h) => refuse(
            "h",
            rect.h.to_string(),
            &format!(
                "a multiple of {}, or down to the bottom edge: a band is of whole strips",
                strips.rows()
            ),
        ),
        Format::Npy if view.samples != 1 => refuse(
            "samples",
            view.samples.to_string(),
            "1: counts are not averaged; ask for more pixels",
        ),
        Format::Png | Format::Band if request.field != Channel::Smooth => refuse(
            "field",
            request.field.name().to_owned(),
            "smooth, or any with format=npy",
        ),
        _ => Ok(()),
    }
}

/// The point that was named; what was not said of it is the centre's.
fn reference(view: &View) -> Option<[fractal::Decimal; 2]> {
    let (re, im) = (view.reference_re.as_ref(), view.reference_im.as_ref());
    if re.is_none() && im.is_none() {
        return None;
    }
    Some([re.unwrap_or(&view.re), im.unwrap_or(&view.im)].map(decimal))
}

fn quality(quality: Quality) -> fractal::Quality {
    match quality {
        Quality::Fast => fractal::Quality::Fast,
        Quality::Standard => fractal::Quality::Standard,
        Quality::Exact => fractal::Quality::Exact,
    }
}

fn formula(formula: &Formula) -> fractal::Formula {
    match formula {
        Formula::Mandelbrot => fractal::Formula::Mandelbrot,
        Formula::Multibrot { power } => fractal::Formula::Multibrot { power: *power },
        Formula::Julia { seed_re, seed_im } => fractal::Formula::Julia {
            seed_re: decimal(seed_re),
            seed_im: decimal(seed_im),
        },
        Formula::BurningShip => fractal::Formula::BurningShip,
        Formula::Tricorn => fractal::Formula::Tricorn,
    }
}

fn decimal(text: &protocol::Decimal) -> fractal::Decimal {
    text.as_str()
        .parse()
        .expect("the protocol's grammar of decimals is a part of the arithmetic's")
}

/// Which field it is that the arithmetic cannot take.
fn refusal(view: &View, error: &fractal::PlanError) -> FieldError {
    use fractal::PlanError;
    let text =
        |part: &Option<protocol::Decimal>| part.as_ref().map_or(String::new(), ToString::to_string);
    let (field, value) = match error {
        PlanError::Limit => ("iterations", format!("{:?}", view.iterations)),
        PlanError::SeedTooFar => ("seed_re", String::new()),
        PlanError::RotationNotFinite => ("rotation", view.rotation.to_string()),
        PlanError::NotSubdivided => ("subdivision", view.subdivision.name().to_owned()),
        PlanError::Power => ("power", String::new()),
        PlanError::ReferenceReTooFar => ("reference_re", text(&view.reference_re)),
        PlanError::ReferenceImTooFar => ("reference_im", text(&view.reference_im)),
        PlanError::Size => ("width", view.width.to_string()),
        _ => ("zoom", view.zoom.to_string()),
    };
    let accepted = match field {
        "reference_re" | "reference_im" => format!("auto, or {error}"),
        _ => error.to_string(),
    };
    FieldError::new(field, &value, Fault::Unacceptable, accepted)
}
