//! Sources of which it is known what they publish.

use std::str::FromStr;

use super::NewEvent;
use crate::client::EnqueueLayer;
use crate::subscription::{ParseTypeError, TypePattern};

/// Refuses events of a source whose type is none of these: a slip of the pen would be an event that nobody takes. It is a layer of the
/// client that publishes; other programs and SQL are not asked.
///
/// ```
/// # use windlass_core::event::StrictSource;
/// let shop = StrictSource::new("/shop", ["order.paid", "order.item.*"])?;
/// // let client = client.with_layer(shop);
/// # Ok::<_, windlass_core::subscription::ParseTypeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct StrictSource {
    source: String,
    types: Vec<TypePattern>,
}

impl StrictSource {
    /// Events of this source are of these types: `order.paid`, `order.*`.
    ///
    /// # Errors
    /// When one of them is not a pattern of types.
    pub fn new<T: AsRef<str>>(
        source: impl Into<String>,
        types: impl IntoIterator<Item = T>,
    ) -> Result<Self, ParseTypeError> {
        let types = types.into_iter().map(|one| TypePattern::from_str(one.as_ref()));
        Ok(Self { source: source.into(), types: types.collect::<Result<_, _>>()? })
    }
}

impl EnqueueLayer for StrictSource {
    fn name(&self) -> &'static str {
        "strict source"
    }

    fn on_publish(&self, event: &mut NewEvent) -> Result<(), String> {
        let is_known = self.types.iter().any(|known| known.fits(&event.event_type));
        if event.source != self.source || is_known {
            return Ok(());
        }
        let known: Vec<String> = self.types.iter().map(ToString::to_string).collect();
        let (source, event_type, known) = (&self.source, &event.event_type, known.join(", "));
        Err(format!("{source} publishes no {event_type}: it is known to publish {known}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_type_of_a_strict_source_is_refused() {
        let strict = StrictSource::new("/shop", ["order.paid", "stock.*"]).expect("patterns");
        let publish = |event_type: &str, source: &str| {
            strict.on_publish(&mut NewEvent::bare(event_type).source(source))
        };
        assert_eq!(publish("order.paid", "/shop"), Ok(()));
        assert_eq!(publish("stock.low.tea", "/shop"), Ok(()));
        assert_eq!(publish("order.payd", "/bank"), Ok(()));
        let refused = publish("order.payd", "/shop").expect_err("refused");
        let expected = "/shop publishes no order.payd: it is known to publish order.paid, stock.*";
        assert_eq!(refused, expected);
        assert!(StrictSource::new("/shop", ["a.*.b"]).is_err());
    }
}
