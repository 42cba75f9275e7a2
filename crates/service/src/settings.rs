//! What happens when the user asked for something that cannot be? Every mistake is collected and all of
//! them are said at once, each with its name, its value and what is accepted; then the process exits 64.

use std::fmt;

/// The exit code for settings that cannot be used (`EX_USAGE` of sysexits.h).
pub const EXIT_USAGE: u8 = 64;

/// One setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The flag or the key, as the user wrote it.
    pub setting: String,
    /// The value, as the user wrote it.
    pub value: String,
    /// What would have been accepted.
    pub accepted: String,
}

/// All mistakes of a set of settings; its text has a line for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// Notes one mistake.
    pub fn push(
        &mut self,
        setting: impl Into<String>,
        value: impl fmt::Display,
        accepted: impl Into<String>,
    ) {
        self.0.push(Mistake {
            setting: setting.into(),
            value: value.to_string(),
            accepted: accepted.into(),
        });
    }

    /// `Ok(value)` when nothing was noted.
    ///
    /// # Errors
    /// The mistakes, when there are any.
    pub fn none_or<T>(self, value: T) -> Result<T, Mistakes> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, mistake) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(
                f,
                "{}: {:?} is not accepted: {}",
                mistake.setting, mistake.value, mistake.accepted
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_said_at_once() {
        let mut mistakes = Mistakes::default();
        mistakes.push("--threads", 0, "1 to 1024");
        mistakes.push("--capacity", "x", "a whole number");
        let text = mistakes.none_or(()).unwrap_err().to_string();
        assert_eq!(text.lines().count(), 2);
        assert!(text.contains("--threads") && text.contains("--capacity"));
    }
}
