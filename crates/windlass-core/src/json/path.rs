//! Where in a JSON text a value does not fit its type: the text is read once more, by a reader that notes its way.
//!
//! The readers of the text and those of the type meet in serde's traits. Each of these is wrapped here, passes everything on, and
//! knows the key or the number of what it passes.

use std::cell::RefCell;
use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

/// The value that does not fit, as keys and numbers with `.` between, such as `items.0.sku`; empty where that is all of the text.
/// What serde reads as a whole before it looks at it, as with enums without a tag, has the path of that whole.
pub(super) fn of<T: DeserializeOwned>(text: &str) -> String {
    let way = Way::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    let on = On { inner: &mut reader, way: &way, name: None };
    match T::deserialize(on) {
        Ok(_) => String::new(),
        Err(_) => way.failed.take().unwrap_or_default(),
    }
}

/// The way to what is being read.
#[derive(Default)]
struct Way {
    steps: RefCell<Vec<String>>,
    /// The way to the first value that did not fit, unless what it is in was read without it.
    failed: RefCell<Option<String>>,
}

impl Way {
    /// Reads what is at this step.
    fn step<T, E>(&self, name: String, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.steps.borrow_mut().push(name);
        let found = read();
        match &found {
            Ok(_) => drop(self.failed.take()),
            Err(_) => {
                self.failed.borrow_mut().get_or_insert_with(|| self.steps.borrow().join("."));
            }
        }
        self.steps.borrow_mut().pop();
        found
    }
}

/// A part of the text or of the type with the way to it, and where the name of the next step is noted while that is read.
#[derive(Clone, Copy)]
struct On<'a, T> {
    inner: T,
    way: &'a Way,
    name: Option<&'a RefCell<String>>,
}

impl<'a, T> On<'a, T> {
    /// Something else at the same step.
    fn with<U>(&self, inner: U) -> On<'a, U> {
        On { inner, way: self.way, name: self.name }
    }

    fn note(&self, name: impl fmt::Display) {
        if let Some(noted) = self.name {
            *noted.borrow_mut() = name.to_string();
        }
    }
}

/// Methods of a deserializer that pass on a visitor behind these arguments.
macro_rules! pass_visitor {
    ($($method:ident($($arg:ident: $of:ty),*);)+) => {
        $(fn $method<V: Visitor<'de>>(self $(, $arg: $of)*, visitor: V) -> Result<V::Value, D::Error> {
            let visitor = self.with(visitor);
            self.inner.$method($($arg,)* visitor)
        })+
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for On<'_, D> {
    type Error = D::Error;

    pass_visitor! {
        deserialize_any(); deserialize_bool();
        deserialize_i8(); deserialize_i16(); deserialize_i32(); deserialize_i64(); deserialize_i128();
        deserialize_u8(); deserialize_u16(); deserialize_u32(); deserialize_u64(); deserialize_u128();
        deserialize_f32(); deserialize_f64(); deserialize_char(); deserialize_str(); deserialize_string();
        deserialize_bytes(); deserialize_byte_buf(); deserialize_option(); deserialize_unit();
        deserialize_seq(); deserialize_map(); deserialize_identifier(); deserialize_ignored_any();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// Methods of a visitor that pass on a value, which may be the name of the next step.
macro_rules! pass_value {
    ($($method:ident($of:ty);)+) => {
        $(fn $method<E: Error>(self, value: $of) -> Result<V::Value, E> {
            self.note(&value);
            self.inner.$method(value)
        })+
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for On<'_, V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(formatter)
    }

    pass_value! {
        visit_bool(bool); visit_i64(i64); visit_i128(i128); visit_u64(u64); visit_u128(u128); visit_f64(f64);
        visit_str(&str); visit_borrowed_str(&'de str); visit_string(String);
    }

    fn visit_bytes<E: Error>(self, value: &[u8]) -> Result<V::Value, E> {
        self.inner.visit_bytes(value)
    }

    fn visit_borrowed_bytes<E: Error>(self, value: &'de [u8]) -> Result<V::Value, E> {
        self.inner.visit_borrowed_bytes(value)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        let value = self.with(value);
        self.inner.visit_some(value)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        let value = self.with(value);
        self.inner.visit_newtype_struct(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(Items { items, nth: 0, way: self.way })
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Members { members, key: RefCell::default(), way: self.way })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        let variant = self.with(variant);
        self.inner.visit_enum(variant)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for On<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<S::Value, D::Error> {
        let reader = self.with(reader);
        self.inner.deserialize(reader)
    }
}

/// The items of an array.
struct Items<'a, A> {
    items: A,
    nth: usize,
    way: &'a Way,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        inner: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let seed = On { inner, way: self.way, name: None };
        let found = self.way.step(self.nth.to_string(), || self.items.next_element_seed(seed));
        self.nth += 1;
        found
    }

    fn size_hint(&self) -> Option<usize> {
        self.items.size_hint()
    }
}

/// The members of an object.
struct Members<'a, A> {
    members: A,
    /// The key of the last one.
    key: RefCell<String>,
    way: &'a Way,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        inner: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.members.next_key_seed(On { inner, way: self.way, name: Some(&self.key) })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, inner: S) -> Result<S::Value, A::Error> {
        let seed = On { inner, way: self.way, name: None };
        self.way.step(self.key.take(), || self.members.next_value_seed(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.members.size_hint()
    }
}

impl<'de, 'a, A: EnumAccess<'de>> EnumAccess<'de> for On<'a, A> {
    type Error = A::Error;
    type Variant = Variant<'a, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        inner: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let (way, name) = (self.way, RefCell::default());
        let (value, content) = self.inner.variant_seed(On { inner, way, name: Some(&name) })?;
        let name = name.take();
        if let Some(noted) = self.name {
            noted.borrow_mut().clone_from(&name);
        }
        Ok((value, Variant { content, name, way }))
    }
}

/// What is in a variant of an enum, as the member of its name.
struct Variant<'a, A> {
    content: A,
    name: String,
    way: &'a Way,
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Variant<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.content.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, inner: S) -> Result<S::Value, A::Error> {
        let seed = On { inner, way: self.way, name: None };
        self.way.step(self.name, || self.content.newtype_variant_seed(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, inner: V) -> Result<V::Value, A::Error> {
        let visitor = On { inner, way: self.way, name: None };
        self.way.step(self.name, || self.content.tuple_variant(len, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        inner: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = On { inner, way: self.way, name: None };
        self.way.step(self.name, || self.content.struct_variant(fields, visitor))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Order {
        id: u8,
        #[serde(default)]
        items: Vec<Item>,
        #[serde(default)]
        size: (u8, Option<u8>),
        #[serde(default)]
        paid: Option<Paid>,
        #[serde(default)]
        places: BTreeMap<i32, Wrapped>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Item {
        sku: String,
        #[serde(rename = "pri\"ce")]
        price: u32,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    enum Paid {
        Cash,
        Card { number: u8 },
        Both(u8, u8),
        By(Box<Order>),
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Wrapped(u8);

    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    enum Either {
        Number(u8),
        Order(Order),
    }

    #[derive(Debug, Deserialize)]
    #[serde(try_from = "u8")]
    struct Odd;

    impl TryFrom<u8> for Odd {
        type Error = &'static str;

        fn try_from(number: u8) -> Result<Self, Self::Error> {
            if number % 2 == 1 { Ok(Self) } else { Err("it is even") }
        }
    }

    fn path<T: DeserializeOwned + fmt::Debug>(text: &str) -> String {
        serde_json::from_str::<T>(text).expect_err(text);
        of::<T>(text)
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (text, named) in [
            ("null", ""),
            (r#"["x"]"#, "0"),
            (r#"{"items":[]}"#, ""),
            (r#"{"id":300}"#, "id"),
            (r#"{"id":"x","items":[]}"#, "id"),
            (r#"{"id": {"a": 1}}"#, "id"),
            (r#"{"id":1,"items":{}}"#, "items"),
            (r#"{"id":1,"size":[1]}"#, "size"),
            (r#"{"id":1,"size":[1,-2]}"#, "size.1"),
            (r#"{"id":1,"itmes":[]}"#, ""),
            (r#"{"id":1,"items":[{"sku":"a","pri\"ce":1},{"sku":"b"}]}"#, "items.1"),
            (r#"{"id":1,"items":[{"sku":"a,]}\\","pri\"ce":null}]}"#, "items.0.pri\"ce"),
            (r#"{"id":1,"paid":"cash"}"#, "paid"),
            (r#"{"id":1,"paid":{"Card":{"number":-1}}}"#, "paid.Card.number"),
            (r#"{"id":1,"paid":{"Both":[1,"x"]}}"#, "paid.Both.1"),
            (r#"{"id":1,"paid":{"By":{"id":1,"paid":{"Card":{}}}}}"#, "paid.By.paid.Card"),
            (r#"{"id":1,"places":{"-3":4,"7":{}}}"#, "places.7"),
            (r#"{"id":1,"places":{"x":4}}"#, "places"),
            ("{\n \"id\": 1,\n \"items\": [\n  {\"sku\": 7}\n ]\n}", "items.0.sku"),
        ] {
            assert_eq!(path::<Order>(text), named, "{text}");
        }
    }

    #[test]
    fn what_a_type_refuses_by_itself_is_named() {
        assert_eq!(path::<Vec<Odd>>("[1,2,3]"), "1");
        assert_eq!(path::<BTreeMap<String, Odd>>(r#"{"a":1,"b":4}"#), "b");
    }

    #[test]
    fn what_is_read_as_a_whole_is_named_as_one() {
        assert_eq!(path::<Vec<Either>>(r#"[1,{"id":1},{"id":"x"}, 7]"#), "2");
    }
}
