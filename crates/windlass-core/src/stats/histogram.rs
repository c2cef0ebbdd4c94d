//! Histogram: times by size, in classes that grow with them.
//!
//! Classes and quantiles are those of DDSketch (Masson, Rim, Lee: "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with
//! Relative-Error Guarantees", VLDB 2019, section 2): a class reaches from b to b·γ and is told as 2·b·γ/(γ+1), so what is told
//! is off by (γ-1)/(γ+1) at most, and two histograms are added class by class.

use std::collections::BTreeMap;
use std::time::Duration;

/// Classes up to 2^15 ms, two for each doubling, and then one for each, up to 2^28 ms. The first one is up to 1 ms.
const CLASSES: usize = 44;
const FINE: usize = 31;

/// How far a time up to 32.8 s is told off at most, beyond 1 ms: (√2-1)/(√2+1).
pub const SHORT_ERROR: f64 = 0.171_573;
/// How far a longer one is told off at most: (2-1)/(2+1). Times beyond 74 h are told as 50 h.
pub const LONG_ERROR: f64 = 1.0 / 3.0;

/// The upper bounds of the classes in microseconds, inclusive.
const BOUNDS: [u64; CLASSES] = bounds();

const fn bounds() -> [u64; CLASSES] {
    let mut bounds = [0; CLASSES];
    let mut class = 0;
    while class < CLASSES {
        bounds[class] = if class >= FINE {
            1_000 << (15 + class - FINE + 1)
        } else if class % 2 == 0 {
            1_000 << (class / 2)
        } else {
            // √2 in millionths.
            (1_414_214 << (class / 2)) / 1_000
        };
        class += 1;
    }
    bounds
}

/// Times, counted by class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram([u64; CLASSES]);

impl Default for Histogram {
    fn default() -> Self {
        Self([0; CLASSES])
    }
}

impl Histogram {
    /// Counts a time.
    pub fn count(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.0[class_of(micros)] += 1;
    }

    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        for (ours, theirs) in self.0.iter_mut().zip(other.0) {
            *ours = ours.saturating_add(theirs);
        }
    }

    /// How many times were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, jobs| sum.saturating_add(*jobs))
    }

    /// The time that this part of all is not longer than, from 0 to 1; `None` where none was counted. It is off by
    /// [`SHORT_ERROR`] at most up to 32.8 s, by [`LONG_ERROR`] beyond; what is shorter than 1 ms is told as 1 ms.
    #[must_use]
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        let total = self.total();
        #[expect(clippy::cast_precision_loss, reason = "so many times are never counted")]
        let rank = part.clamp(0.0, 1.0) * total.saturating_sub(1) as f64;
        let mut seen = 0;
        let class = self.0.iter().position(|jobs| {
            seen += jobs;
            #[expect(clippy::cast_precision_loss, reason = "the same")]
            let is_reached = seen as f64 > rank;
            is_reached && total > 0
        })?;
        Some(Duration::from_micros(told(class)))
    }

    /// What is stored of it: how many there are of each class that has some, by the microseconds that it is told as.
    #[must_use]
    pub fn to_map(&self) -> BTreeMap<u64, u64> {
        let some = self.0.iter().enumerate().filter(|(_, jobs)| **jobs > 0);
        some.map(|(class, jobs)| (told(class), *jobs)).collect()
    }

    /// The same as a JSON object.
    #[must_use]
    pub fn to_text(&self) -> String {
        // A map of numbers can be written as JSON.
        serde_json::to_string(&self.to_map()).unwrap_or_default()
    }

    /// What was stored. Classes of another program are counted where their times belong.
    #[must_use]
    pub fn of_map(map: &BTreeMap<u64, u64>) -> Self {
        let mut histogram = Self::default();
        for (micros, jobs) in map {
            let class = &mut histogram.0[class_of(*micros)];
            *class = class.saturating_add(*jobs);
        }
        histogram
    }

    /// What was stored as text; what is none counts nothing.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Self::of_map(&serde_json::from_str(text).unwrap_or_default())
    }
}

fn class_of(micros: u64) -> usize {
    BOUNDS.partition_point(|bound| *bound < micros).min(CLASSES - 1)
}

/// The microseconds that a class is told as.
fn told(class: usize) -> u64 {
    let to = BOUNDS[class];
    match class.checked_sub(1) {
        None => to,
        // The product of two bounds is beyond 64 bits.
        Some(before) => {
            let (from, to) = (u128::from(BOUNDS[before]), u128::from(to));
            u64::try_from(2 * from * to / (from + to)).unwrap_or(u64::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_classes_reach_from_a_millisecond_to_days() {
        assert_eq!(BOUNDS[0], 1_000);
        assert_eq!(BOUNDS[FINE - 1], 32_768_000);
        assert_eq!(BOUNDS[FINE], 65_536_000);
        assert_eq!(BOUNDS[CLASSES - 1], 268_435_456_000);
        assert!(BOUNDS.is_sorted());
    }

    #[test]
    fn what_a_class_is_told_as_is_of_that_class() {
        for class in 0..CLASSES {
            assert_eq!(class_of(told(class)), class);
        }
    }

    #[test]
    fn a_histogram_survives_its_text() {
        let mut histogram = Histogram::default();
        [0, 1, 999, 1_001, 70_000_000_000, u64::MAX]
            .map(Duration::from_micros)
            .into_iter()
            .for_each(|time| histogram.count(time));
        assert_eq!(Histogram::of_text(&histogram.to_text()), histogram);
        assert_eq!(Histogram::of_text("what"), Histogram::default());
        assert_eq!(histogram.total(), 6);
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(Histogram::default().quantile(0.5), None);
    }

    /// Whatever times there are, a quantile is as near to the exact one as is promised.
    #[test]
    fn quantiles_are_as_near_to_the_exact_ones_as_is_promised() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..300 {
            let longest = 1u64 << random.u32(1..38);
            let many = random.usize(1..2_000);
            let mut times: Vec<u64> = (0..many).map(|_| random.u64(0..=longest)).collect();
            let mut histogram = Histogram::default();
            times.iter().for_each(|micros| histogram.count(Duration::from_micros(*micros)));
            times.sort_unstable();
            for part in [0.0, 0.5, 0.95, 0.99, 1.0] {
                let rank = (part * (many - 1) as f64).floor() as usize;
                let exact = times[rank] as f64;
                let told = histogram.quantile(part).expect("some").as_micros() as f64;
                let error = if exact <= 32_768_000.0 { SHORT_ERROR } else { LONG_ERROR };
                // A thousandth for bounds that are whole numbers.
                let most = (exact * (error + 0.001)).max(1_000.0);
                assert!((told - exact).abs() <= most, "{part} of {many}: {told} for {exact}");
            }
        }
    }
}
