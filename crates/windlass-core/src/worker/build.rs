//! Builds: which one is older, and the oldest of a program that takes new work.
//!
//! A build is a program's name and its version, such as `shop 2.14.0`: the version is the last word, the name is what
//! stands before it. Pure: a store keeps minimum builds and hands them out, and who compares is here.

use std::cmp::Ordering;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::error::Refusal;
use crate::limits::{NAME_CHARS, NOTE_BYTES};
use crate::time::Timestamp;

/// A version: numbers with dots between them. Missing ones are 0, so that `2.14` is as old as `2.14.0`.
#[derive(Debug, Clone)]
pub struct Version(String);

impl Version {
    /// Reads a version, such as `2.14.0` or `v2.14.0-rc.1+5e2a`: a `v` before it and what follows a `-` or `+` do not
    /// count. `None` where it is not one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let numbers = text.split(['-', '+']).next().unwrap_or_default();
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        numbers.split('.').all(is_number).then(|| Self(numbers.to_owned()))
    }

    /// As it is written: numbers and dots alone.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The numbers without zeros before them, so that a longer one is a larger one: they may have any length.
    fn numbers(&self) -> impl Iterator<Item = &str> {
        self.0.split('.').map(|number| number.trim_start_matches('0'))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut these, mut those) = (self.numbers(), other.numbers());
        loop {
            let (this, that) = (these.next(), those.next());
            if this.is_none() && that.is_none() {
                return Ordering::Equal;
            }
            let (this, that) = (this.unwrap_or_default(), that.unwrap_or_default());
            let order = this.len().cmp(&that.len()).then_with(|| this.cmp(that));
            if order.is_ne() {
                return order;
            }
        }
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The program's name and its version in a build. A text of one word is a name; a last word that is not a version makes
/// the version unknown.
#[must_use]
pub fn program_of(build: &str) -> (&str, Option<Version>) {
    let build = build.trim();
    match build.rsplit_once(char::is_whitespace) {
        Some((name, last)) => (name.trim_end(), Version::read(last)),
        None => (build, None),
    }
}

/// The oldest build of a program whose workers take new work.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a minimum build does nothing until it is given to a client"]
pub struct MinimumBuild {
    /// The program's name.
    pub program: String,
    /// Its oldest version that will do.
    pub version: Version,
    /// Why, and by whom.
    pub note: Option<String>,
}

/// A minimum build as it is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredBuild {
    /// What is required.
    pub minimum: MinimumBuild,
    /// Since when.
    pub set_at: Timestamp,
}

impl MinimumBuild {
    /// Reads `shop 2.14.0`.
    ///
    /// # Errors
    /// When it has no name or no version, or is longer than a name may be.
    pub fn new(build: &str) -> Result<Self, Refusal> {
        let chars = build.chars().count();
        if chars > NAME_CHARS {
            let what = "a minimum build";
            return Err(Refusal::Long { what, chars, limit: NAME_CHARS });
        }
        let (program, version) = program_of(build);
        let is_fine = !program.is_empty() && !build.contains(char::is_control);
        match version.filter(|_| is_fine) {
            Some(version) => Ok(Self { program: program.to_owned(), version, note: None }),
            None => Err(Refusal::Build { build: build.to_owned() }),
        }
    }

    /// A note for those who wonder why.
    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// Checks the note.
    ///
    /// # Errors
    /// When no store can keep it.
    pub fn check(&self) -> Result<(), Refusal> {
        let Some(note) = &self.note else { return Ok(()) };
        if let Some(at) = note.find('\0') {
            return Err(Refusal::Nul { what: "the note of a minimum build", at });
        }
        if note.len() > NOTE_BYTES {
            let (what, bytes) = ("the note of a minimum build", note.len());
            return Err(Refusal::Key { what, bytes, limit: NOTE_BYTES });
        }
        Ok(())
    }

    /// A minimum build as it is stored; `None` where no store wrote it.
    #[must_use]
    pub fn stored(program: String, version: &str, note: Option<String>) -> Option<Self> {
        Some(Self { program, version: Version::read(version)?, note })
    }

    /// Whether a worker of this build takes no new work: its program is the one meant, and its version is older or cannot
    /// be read.
    #[must_use]
    pub fn holds_back(&self, build: &str) -> bool {
        let (program, version) = program_of(build);
        program == self.program && version.is_none_or(|version| version < self.version)
    }
}

/// What is required of a worker of this build that it does not meet; `None` where it takes work.
#[must_use]
pub fn held_back<'a>(
    build: &str,
    required: impl IntoIterator<Item = &'a MinimumBuild>,
) -> Option<&'a MinimumBuild> {
    required.into_iter().find(|minimum| minimum.holds_back(build))
}

impl fmt::Display for MinimumBuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.program, self.version)
    }
}

impl Serialize for MinimumBuild {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::read(text).expect(text)
    }

    /// T46: versions are compared by their numbers, not as text.
    #[test]
    fn versions_are_compared_number_by_number() {
        let in_order = ["0", "0.0.1", "0.9", "1", "1.0.1", "2.9", "2.14", "2.14.1", "10", "10.0.2"];
        for (place, older) in in_order.iter().enumerate() {
            for newer in &in_order[place + 1..] {
                assert!(version(older) < version(newer), "{older} {newer}");
                assert!(version(newer) > version(older), "{older} {newer}");
            }
        }
        let long = "9".repeat(60);
        assert!(version(&long) < version(&format!("1{}", "0".repeat(60))), "of any length");
    }

    /// T46: missing numbers are 0; what stands around the numbers does not count.
    #[test]
    fn ways_to_write_one_version_are_equal() {
        for other in ["2.14", "2.14.0", "2.14.0.0", "v2.14.0", "2.14-rc.1", "2.14.0+5e2a", "02.014"]
        {
            assert_eq!(version("2.14"), version(other), "{other}");
        }
    }

    #[test]
    fn what_is_not_a_version_is_not_read() {
        for text in
            ["", "v", "two", "2.", ".2", "2..1", "2.x", "3f2c9a", "2.14.0rc1", "-1", "2,1", "٣"]
        {
            assert_eq!(Version::read(text), None, "{text}");
        }
    }

    /// T46: the last word is the version, whatever the name is made of.
    #[test]
    fn a_build_is_a_name_and_a_version() {
        for (build, program, version) in [
            ("shop 2.14.0", "shop", Some("2.14.0")),
            ("  windlass work \t 0.1.0 ", "windlass work", Some("0.1.0")),
            ("größe v1", "größe", Some("1")),
            ("shop dev", "shop", None),
            ("shop", "shop", None),
            ("2.14.0", "2.14.0", None),
            ("", "", None),
        ] {
            let found = program_of(build);
            let found = (found.0, found.1.as_ref().map(Version::as_str));
            assert_eq!(found, (program, version), "{build:?}");
        }
    }

    /// T46: older builds of the program are held back, and those whose version is not known; other programs are not.
    #[test]
    fn an_older_build_of_the_program_is_held_back() {
        let minimum = MinimumBuild::new("shop 2.14.0").expect("a minimum");
        let other = MinimumBuild::new("mailer 9").expect("a minimum");
        for (build, is_held) in [
            ("shop 2.13.9", true),
            ("shop 2.9", true),
            ("shop dev", true),
            ("shop", true),
            ("shop 2.14", false),
            ("shop v2.14.1-rc.1", false),
            ("shop 3", false),
            ("shop api 1.0", false),
            ("Shop 1.0", false),
            ("windlass 0.1.0", false),
            ("", false),
        ] {
            let found = held_back(build, [&other, &minimum]);
            assert_eq!(found, is_held.then_some(&minimum), "{build}");
        }
        assert_eq!(held_back("mailer 8.9", [&other, &minimum]), Some(&other));
    }

    #[test]
    fn a_minimum_needs_a_name_and_a_version_that_can_be_kept() {
        let refused = |build: &str| MinimumBuild::new(build).expect_err(build).to_string();
        for build in ["", " ", "shop", "2.14.0", "shop dev", "shop 2.x", "sh\0op 2.1", "sh\nop 2.1"]
        {
            assert!(refused(build).contains("is not a minimum build"), "{}", refused(build));
        }
        assert_eq!(
            refused(&format!("{} 2.1", "x".repeat(10_000))),
            "a minimum build of 10004 characters is above the limit of 128"
        );
        let minimum = || MinimumBuild::new("shop 2.1").expect("a minimum");
        assert_eq!(minimum().note("new columns, ana").check(), Ok(()));
        assert!(minimum().note("a\0b").check().is_err());
        assert!(minimum().note("x".repeat(NOTE_BYTES + 1)).check().is_err());
        assert_eq!(minimum().to_string(), "shop 2.1");
    }
}
