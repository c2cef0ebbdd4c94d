//! `#[derive(Event)]`: what stands in `#[event(…)]`, and what is made of it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{DeriveInput, Error, Ident, LitStr, Path, Result};

use crate::attributes::{name, redact, subjects, unknown, version};

const KEYS: [&str; 7] = ["type", "version", "source", "subject", "about", "redact", "upgrade"];

/// The keys of `#[event(…)]`, read.
#[derive(Default)]
struct Attributes {
    event_type: String,
    version: Option<u16>,
    source: Option<String>,
    subject: Option<Template>,
    /// Types with the fields that have the ids.
    about: Vec<(String, Ident)>,
    redact: Vec<String>,
    upgrade: Option<Path>,
}

/// A subject with fields in it: `"order/{order}"`, or a field alone.
struct Template(Vec<Part>);

enum Part {
    Text(String),
    Field(Ident),
}

/// The impl of the trait.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let attributes = Attributes::of(input)?;
    let name = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let event_type = &attributes.event_type;
    let version = attributes.version.map(|version| quote!(const VERSION: u16 = #version;));
    let source = attributes.source.map(|source| quote!(const SOURCE: &'static str = #source;));
    let subject = attributes.subject.map(|subject| subject.expand());
    let about =
        (!attributes.about.is_empty()).then(|| crate::subjects(&quote!(about), &attributes.about));
    let redact = crate::redact(&attributes.redact);
    let upgrade = attributes.upgrade.map(|path| {
        quote! {
            fn upgrade() -> ::core::option::Option<::windlass::event::Upgrade<Self>> {
                ::core::option::Option::Some(#path)
            }
        }
    });
    Ok(quote! {
        impl #impl_generics ::windlass::event::EventType for #name #type_generics #where_clause {
            const TYPE: &'static str = #event_type;
            #version #source #subject #about #redact #upgrade
        }
    })
}

impl Attributes {
    fn of(input: &DeriveInput) -> Result<Self> {
        let mut found = Self::default();
        for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("event")) {
            attribute.parse_nested_meta(|meta| found.take(&meta))?;
        }
        if found.event_type.is_empty() {
            return Err(Error::new(
                input.ident.span(),
                "an event needs a type that stays when the struct is renamed: add #[event(type = \"order.paid\")]",
            ));
        }
        Ok(found)
    }

    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match key.as_str() {
            "type" => self.event_type = name(meta)?,
            "version" => self.version = Some(version(&meta.value()?.parse()?)?),
            "source" => self.source = Some(source(&meta.value()?.parse()?)?),
            "subject" => self.subject = Some(Template::of(meta)?),
            "about" => self.about = subjects(meta)?,
            "redact" => self.redact = redact(meta)?,
            "upgrade" => self.upgrade = Some(meta.value()?.parse()?),
            other => {
                return Err(Error::new(meta.path.span(), unknown(other, "event", &KEYS)));
            }
        }
        Ok(())
    }
}

impl Template {
    fn of(meta: &ParseNestedMeta<'_>) -> Result<Self> {
        let value = meta.value()?;
        if !value.peek(LitStr) {
            return Ok(Self(vec![Part::Field(Ident::parse_any(value)?)]));
        }
        let literal: LitStr = value.parse()?;
        let wrong = |what| Error::new(literal.span(), what);
        let (text, mut parts) = (literal.value(), Vec::new());
        let mut rest = text.as_str();
        while let Some((before, behind)) = rest.split_once('{') {
            let (field, behind) = behind.split_once('}').ok_or_else(|| wrong(BRACES))?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Field(self::field(field, &literal).ok_or_else(|| wrong(BRACES))?));
            rest = behind;
        }
        if parts.is_empty() {
            return Err(wrong(
                "a subject names the field it is made of: subject = \"order/{order}\", or subject = order",
            ));
        }
        parts.push(Part::Text(rest.to_owned()));
        let is_closed = |part: &Part| !matches!(part, Part::Text(text) if text.contains('}'));
        parts.iter().all(is_closed).then_some(Self(parts)).ok_or_else(|| wrong(BRACES))
    }

    /// The method of the trait. Where a field is an empty `Option` there is no subject.
    fn expand(&self) -> TokenStream {
        let parts = self.0.iter().filter_map(|part| match part {
            Part::Text(text) if text.is_empty() => None,
            Part::Text(text) => Some(quote!(
                ::core::option::Option::Some(::std::string::String::from(#text))
            )),
            Part::Field(field) => Some(quote!(
                ::windlass::Json::args_of(&self.#field)?
                    .name_part()
                    .map(::std::borrow::Cow::into_owned)
            )),
        });
        quote! {
            fn subject(&self) -> ::core::result::Result<::core::option::Option<::std::string::String>, ::windlass::json::JsonError> {
                ::core::result::Result::Ok(::core::iter::IntoIterator::into_iter([#(#parts),*]).collect())
            }
        }
    }
}

const BRACES: &str = "expected the name of a field between { and }, as in \"order/{order}\"";

/// A field's name from between the braces; one that is a keyword is written there without `r#`.
fn field(name: &str, literal: &LitStr) -> Option<Ident> {
    let found = syn::parse::Parser::parse_str(Ident::parse_any, name).ok()?;
    let word = found.to_string();
    if ["self", "Self", "super", "crate", "_"].contains(&word.as_str()) {
        return None;
    }
    let mut ident = match syn::parse_str::<Ident>(&word) {
        Ok(_) => found,
        Err(_) => Ident::new_raw(&word, literal.span()),
    };
    ident.set_span(literal.span());
    Some(ident)
}

/// Where events come from, by the rule that the library checks at run time.
fn source(literal: &LitStr) -> Result<String> {
    let source = literal.value();
    // `limits::LINE_KEY_BYTES`.
    if !(1..=256).contains(&source.len()) || source.contains(['\0', '\u{1f}']) {
        let wrong = "a source has 1 to 256 bytes, without NUL and U+001F, such as /shop";
        return Err(Error::new(literal.span(), wrong));
    }
    Ok(source)
}
