//! What is asked for? A view, checked here once and for all, and the name under which the progress of
//! its render can be watched.

use protocol::{Fault, FieldErrors, Fields, Limits, View};

use crate::progress::id::RenderId;

/// A picture that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RenderRequest {
    /// The whole picture.
    pub(crate) view: View,
    /// Where its progress is reported, when anybody wants to watch.
    pub(crate) progress: Option<RenderId>,
}

impl RenderRequest {
    /// Reads a view, and `progress` beside it.
    pub(crate) fn read(mut fields: Fields, limits: &Limits) -> Result<RenderRequest, FieldErrors> {
        let progress = fields.read("progress", None, |text| match RenderId::parse(text) {
            Some(id) => Ok(Some(id)),
            None => Err((Fault::Malformed, "32 hexadecimal digits".to_owned())),
        });
        let view = View::take(&mut fields, limits);
        fields.finish(&[&View::FIELDS[..], &["progress"]].concat())?;
        Ok(RenderRequest { view, progress })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<RenderRequest, FieldErrors> {
        RenderRequest::read(Fields::from_query(query), &Limits::default())
    }

    #[test]
    fn progress_names_where_to_report_and_nothing_else() {
        let request = read("zoom=2&progress=0123456789abcdef0123456789abcdef").unwrap();
        assert!(request.progress.is_some());
        assert_eq!(request.view, read("zoom=2").unwrap().view);
    }

    #[test]
    fn a_name_that_is_no_name_is_refused() {
        for name in [
            "",
            "x",
            "../../etc/passwd",
            "0123456789ABCDEF0123456789ABCDEF",
        ] {
            let errors = read(&format!("progress={name}")).unwrap_err();
            assert_eq!(errors.iter().next().unwrap().field, "progress", "{name}");
        }
    }
}
