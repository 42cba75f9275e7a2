//! What must be there before a view can be drawn? Its reference orbit, and the limit that `auto` stands for.
//!
//! `auto` is a generous limit from the depth until a coarse look at the view has found a better one. The orbit goes as far as the
//! generous one, so that the same orbit does for the look, for a histogram's preview and for the picture.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use fractal::{Orbit, OrbitKey, Plan, Renderer};
use protocol::{FieldErrors, Iterations, View};

use crate::Settings;
use crate::job::Failure;
use crate::orbits::memory_of_one;
use crate::translate;

/// Samples along the longer side of the coarse look: some 1,300 in all, a thousandth of a picture's.
const LOOK_SIDE: u32 = 48;
/// The least limit that a look leads to: dearer samples than these are too few to be seen.
const LEAST_LIMIT: u64 = 1000;
/// The limit is so many times the largest count of the look: a picture has a thousand times the samples, and larger counts.
const ROOM: u64 = 2;
/// One sample in so many that escapes in the upper half of the limit is many: more would escape past it.
const MANY: usize = 100;
/// How many times the generous limit may be raised, and how much each time, where no orbit bounds it.
const RAISES: u32 = 3;
const RAISE: u64 = 4;

/// A checked view, but for its orbit.
pub(crate) struct Prepared {
    view: View,
    plan: Plan,
    /// What `auto` may be raised to.
    most: u64,
}

/// A view that can be drawn.
pub(crate) struct Scene {
    view: View,
    pub(crate) renderer: Renderer,
    orbit: Option<Arc<Orbit>>,
}

impl Prepared {
    /// Checks `view`.
    ///
    /// # Errors
    /// The field that stands in the way.
    pub(crate) fn new(view: &View, settings: &Settings) -> Result<Prepared, FieldErrors> {
        let memory = memory_of_one(settings.orbit_memory);
        let most_steps = |key: &OrbitKey| key.most_steps(memory);
        let most = settings.limits.iterations;
        let (plan, most) = match view.iterations {
            Iterations::Limit(limit) => (translate::plan(view, limit)?, limit),
            Iterations::Auto => {
                let generous = translate::generous_limit(view).min(most);
                let plan = translate::plan(view, generous)?;
                match plan.orbit().map(most_steps) {
                    None => (plan, most),
                    Some(most_steps) if generous > most_steps => {
                        (translate::plan(view, most_steps)?, most_steps)
                    }
                    Some(_) => (plan, generous),
                }
            }
        };
        if let Some(most_steps) = plan.orbit().map(most_steps)
            && plan.limit() > most_steps
        {
            return Err(translate::orbit_too_long(plan.limit(), most_steps));
        }
        let view = view.clone();
        Ok(Prepared { view, plan, most })
    }

    /// The orbit that drawing needs; none where the view is shallow.
    pub(crate) fn orbit(&self) -> Option<&OrbitKey> {
        self.plan.orbit()
    }

    /// The view with its `orbit`, and with its limit settled by a look, where nobody said one.
    ///
    /// # Errors
    /// [`Failure::Cancelled`].
    pub(crate) fn scene(
        self,
        orbit: Option<Arc<Orbit>>,
        cancel: &AtomicBool,
    ) -> Result<Scene, Failure> {
        let limit = match self.view.iterations {
            Iterations::Limit(_) => self.plan.limit(),
            Iterations::Auto => self.settled(orbit.as_ref(), cancel)?,
        };
        let plan = if limit == self.plan.limit() {
            self.plan
        } else {
            translate::plan(&self.view, limit).expect("only the limit differs from a checked view")
        };
        let view = View {
            iterations: Iterations::Limit(limit),
            ..self.view
        };
        Ok(Scene {
            view,
            renderer: with(plan, orbit.as_ref()),
            orbit,
        })
    }

    /// The limit that a look finds: room above the largest count, and where many samples are late a higher one than the depth says.
    fn settled(&self, orbit: Option<&Arc<Orbit>>, cancel: &AtomicBool) -> Result<u64, Failure> {
        let mut limit = self.plan.limit();
        for raises in 0.. {
            let counts = counts(&self.view, limit, orbit, cancel)?;
            let late = counts.iter().filter(|count| **count > limit / 2).count();
            if late * MANY < counts.len() || limit >= self.most || raises == RAISES {
                let largest = counts.into_iter().max().filter(|count| *count > 0);
                let room = largest.map_or(limit, |count| (ROOM * count).max(LEAST_LIMIT));
                return Ok(room.min(limit));
            }
            limit = (limit * RAISE).min(self.most);
        }
        unreachable!("the raises are counted")
    }
}

impl Scene {
    /// The view, with its limit settled.
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// The same view with sides of at most `side` pixels, one sample each, and its pixels.
    pub(crate) fn preview(&self, side: u32) -> (Renderer, fractal::Rect) {
        let limit = self.renderer.plan().limit();
        preview(&self.view, side, limit, self.orbit.as_ref())
    }
}

fn counts(
    view: &View,
    limit: u64,
    orbit: Option<&Arc<Orbit>>,
    cancel: &AtomicBool,
) -> Result<Vec<u64>, Failure> {
    let (look, whole) = preview(view, LOOK_SIDE, limit, orbit);
    Ok(look.field(whole, cancel)?.counts)
}

fn preview(
    view: &View,
    side: u32,
    limit: u64,
    orbit: Option<&Arc<Orbit>>,
) -> (Renderer, fractal::Rect) {
    let preview = translate::resized(view, side);
    let (w, h) = (preview.width, preview.height);
    // A preview has wider pixels than its view, so whatever the view's depth is, it has a plan; and its orbit, around the same point
    // and of at least as many digits, does for it.
    let plan = translate::plan(&preview, limit).expect("a preview is shallower than its view");
    (with(plan, orbit), fractal::Rect { x: 0, y: 0, w, h })
}

/// `plan` with `orbit`, where it needs one.
fn with(plan: Plan, orbit: Option<&Arc<Orbit>>) -> Renderer {
    let orbit = |_: &OrbitKey| orbit.cloned().ok_or(());
    plan.with_orbit(orbit)
        .expect("whoever prepares a deep view has its orbit")
}

#[cfg(test)]
mod tests {
    use protocol::Fields;

    use super::*;

    fn prepared(query: &str, settings: &Settings) -> Result<Prepared, FieldErrors> {
        let view = View::read(Fields::from_query(query), &settings.limits).unwrap();
        Prepared::new(&view, settings)
    }

    fn settings() -> Settings {
        Settings::new("painter".into(), None, None)
    }

    /// The limit by the depth alone, and the one that a look finds.
    fn limits(query: &str) -> (u64, u64) {
        let never = AtomicBool::new(false);
        let prepared = prepared(query, &settings()).unwrap();
        let generous = prepared.plan.limit();
        let scene = prepared.scene(None, &never).unwrap();
        (generous, scene.renderer.plan().limit())
    }

    #[test]
    fn auto_is_raised_where_many_samples_escape_late() {
        // Orbits squeeze through between two almost touching fixed points, about π / √0.000015 iterations long.
        let slow = "formula=julia&seed_re=0.250015&seed_im=0&re=0&width=480&height=270";
        let (generous, found) = limits(slow);
        assert_eq!(generous, 1000);
        assert!((1600..4000).contains(&found), "{found}");
    }

    #[test]
    fn auto_is_lowered_to_what_a_view_needs_and_kept_where_nothing_escapes() {
        assert_eq!(limits("re=1&im=1&zoom=1e9&quality=fast").1, 1000);
        let (generous, found) = limits("re=-0.1&im=0.1&zoom=1e6&quality=fast");
        assert_eq!(generous, found);
    }

    #[test]
    fn an_orbit_that_does_not_fit_is_refused_and_auto_fits() {
        let settings = Settings {
            orbit_memory: 2 * 1000 * 50,
            ..settings()
        };
        let refused = |query| match prepared(query, &settings) {
            Ok(_) => panic!("{query} was accepted"),
            Err(errors) => errors,
        };
        let errors = refused("zoom=1e40&quality=fast&iterations=1001");
        assert_eq!(errors.status(), 422);
        let error = errors.iter().next().unwrap();
        assert_eq!(
            (error.field.as_str(), error.value.as_str()),
            ("iterations", "1001")
        );
        assert!(error.accepted.contains("1000"), "{error:?}");
        assert!(prepared("zoom=1e40&quality=fast&iterations=1000", &settings).is_ok());
        assert!(
            prepared("zoom=40&iterations=1001", &settings).is_ok(),
            "no orbit"
        );
        let auto = prepared("zoom=1e40&quality=fast", &settings).unwrap();
        assert_eq!(auto.orbit().unwrap().limit(), 1000);
        // More digits take more memory.
        let auto = prepared("zoom=1e40", &settings).unwrap();
        assert_eq!(auto.orbit().unwrap().limit(), 1000 * 50 / 132);
    }
}
