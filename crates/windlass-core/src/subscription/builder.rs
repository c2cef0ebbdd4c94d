//! Filters made in Rust.

use serde_json::{Value, json};

use super::filter::{Filter, FilterError};

/// A filter in the making. What is wrong is told by [`build`](Self::build).
///
/// ```
/// # use windlass_core::subscription::Filter;
/// let filter = Filter::of_types(["build.failed", "deploy.*"])
///     .exact("subject", "project/kde")
///     .not(|it| it.prefix("source", "/ci/nightly"))
///     .any(|of| of.sql("data.total >= 1000").suffix("data.items.0.sku", "-L"))
///     .build()?;
/// # Ok::<_, windlass_core::subscription::FilterError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a filter is there once it is built"]
pub struct FilterBuilder {
    types: Option<Vec<String>>,
    predicates: Vec<Value>,
}

impl FilterBuilder {
    pub(super) fn of_types<T: Into<String>>(types: impl IntoIterator<Item = T>) -> Self {
        let types = types.into_iter().map(Into::into).collect();
        Self { types: Some(types), predicates: Vec::new() }
    }

    /// An attribute, or a member of the data, is this text, number or boolean; a member of the data may be null.
    pub fn exact(self, key: &str, value: impl Into<Value>) -> Self {
        self.of_key("exact", key, value.into())
    }

    /// An attribute, or a text of the data, begins with this.
    pub fn prefix(self, key: &str, prefix: &str) -> Self {
        self.of_key("prefix", key, prefix.into())
    }

    /// An attribute, or a text of the data, ends with this.
    pub fn suffix(self, key: &str, suffix: &str) -> Self {
        self.of_key("suffix", key, suffix.into())
    }

    /// An SQL expression of CloudEvents gives TRUE.
    pub fn sql(self, expression: &str) -> Self {
        self.and(json!({ "sql": expression }))
    }

    /// All of these hold.
    pub fn all(self, inner: impl FnOnce(Self) -> Self) -> Self {
        self.and(json!({ "all": inner(Self::default()).inner() }))
    }

    /// One of these holds, or more.
    pub fn any(self, inner: impl FnOnce(Self) -> Self) -> Self {
        self.and(json!({ "any": inner(Self::default()).inner() }))
    }

    /// This does not hold; where it is more than one predicate, they do not hold all together.
    pub fn not(self, inner: impl FnOnce(Self) -> Self) -> Self {
        let inner = inner(Self::default()).inner();
        match inner.as_array().map(Vec::as_slice) {
            Some([one]) => self.and(json!({ "not": one })),
            _ => self.and(json!({ "not": { "all": inner } })),
        }
    }

    /// The filter.
    ///
    /// # Errors
    /// As [`Filter::parse`].
    pub fn build(self) -> Result<Filter, FilterError> {
        let mut filter = json!({});
        if let Some(types) = self.types {
            filter["types"] = types.into();
        }
        if !self.predicates.is_empty() {
            filter["all"] = self.predicates.into();
        }
        Filter::of_value(&filter)
    }

    /// Types have no meaning inside: they are left where they are refused.
    fn inner(self) -> Value {
        match self.types {
            Some(types) => json!({ "types": types }),
            None => self.predicates.into(),
        }
    }

    fn of_key(self, how: &str, key: &str, value: Value) -> Self {
        self.and(json!({ how: { key: value } }))
    }

    fn and(mut self, predicate: Value) -> Self {
        self.predicates.push(predicate);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_built_is_the_one_that_is_read() {
        let built = Filter::of_types(["a.*"])
            .exact("data.n", 1)
            .exact("late", true)
            .not(|it| it.prefix("source", "/x").sql("TRUE"))
            .not(|it| it.suffix("source", "/x"))
            .any(|of| of.sql("data.total >= 1000").all(|all| all.exact("data.x", Value::Null)))
            .build();
        let read = Filter::parse(
            r#"{"types": ["a.*"], "all": [
                {"exact": {"data.n": 1}}, {"exact": {"late": true}},
                {"not": {"all": [{"prefix": {"source": "/x"}}, {"sql": "TRUE"}]}},
                {"not": {"suffix": {"source": "/x"}}},
                {"any": [{"sql": "data.total >= 1000"}, {"all": [{"exact": {"data.x": null}}]}]}
            ]}"#,
        );
        assert_eq!(built, read);
        assert!(built.is_ok());
    }

    #[test]
    fn what_is_wrong_is_told_when_it_is_built() {
        let error = |builder: FilterBuilder| builder.build().expect_err("refused").to_string();
        assert_eq!(
            error(Filter::builder().sql("1 =")),
            "all[0].sql: at 4: expected a value after =, found end of text"
        );
        assert_eq!(
            error(Filter::builder().any(|of| of)),
            "all[0].any: expected one predicate or more"
        );
        assert_eq!(
            error(Filter::builder().not(|of| of)),
            "all[0].not.all: expected one predicate or more"
        );
        assert_eq!(
            error(Filter::builder().any(|_| Filter::of_types(["a"]))),
            "all[0].any: expected an array, found an object"
        );
        assert!(error(Filter::of_types([""; 0])).starts_with("types: an empty list"));
    }
}
