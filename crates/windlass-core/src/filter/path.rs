//! Where a value stands in a job's args or an event's data: `user.id`, `items.0.sku`, `"a.b".c`.

use std::fmt;

use serde_json::Value;

use super::words::quoted;

/// Members, the outermost first. One of digits is also a place in a list, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<String>);

impl Path {
    /// A path of these members.
    pub fn new<T: Into<String>>(members: impl IntoIterator<Item = T>) -> Self {
        Self(members.into_iter().map(Into::into).collect())
    }

    /// Its members.
    #[must_use]
    pub fn members(&self) -> &[String] {
        &self.0
    }

    /// What stands there.
    #[must_use]
    pub fn find<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(value, |value, member| match value {
            Value::Object(members) => members.get(member),
            Value::Array(items) => items.get(place(member)?),
            _ => None,
        })
    }
}

/// The place in a list that a member names: digits, the first of which is 0 in 0 alone.
pub(crate) fn place(member: &str) -> Option<usize> {
    let is_number = member.bytes().all(|byte| byte.is_ascii_digit());
    let is_one_way = member == "0" || !member.starts_with('0');
    member.parse().ok().filter(|_| is_number && is_one_way)
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, member) in self.0.iter().enumerate() {
            if nth > 0 {
                f.write_str(".")?;
            }
            let is_bare = |letter: char| !letter.is_whitespace() && letter != '.' && letter != ':';
            match !member.is_empty() && !member.starts_with('"') && member.chars().all(is_bare) {
                true => f.write_str(member)?,
                false => f.write_str(&quoted(member))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_through_objects_and_lists() {
        let value =
            json!({"user": {"id": 42}, "items": [{"sku": "a"}], "0": 1, "a.b": {"c": null}});
        let find = |members: &[&str]| Path::new(members.iter().copied()).find(&value).cloned();
        assert_eq!(find(&["user", "id"]), Some(json!(42)));
        assert_eq!(find(&["items", "0", "sku"]), Some(json!("a")));
        assert_eq!(find(&["0"]), Some(json!(1)));
        assert_eq!(find(&["a.b", "c"]), Some(Value::Null));
        assert_eq!(find(&["user", "id", "x"]), None);
        assert_eq!(find(&["items", "1"]), None);
        for other in ["+0", "00", "-0", " 0", "0x0", ""] {
            assert_eq!(find(&["items", other, "sku"]), None, "{other}");
        }
    }
}
