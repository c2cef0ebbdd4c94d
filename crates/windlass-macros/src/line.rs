//! `lane(…)`, `fair(…)` and `limit(…)` of `#[job(…)]`: keys made of fields, and what holds for them.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::{Ident, LitInt, LitStr, Result, Token};

use crate::attributes::{name, word};

/// One of them, read.
pub(crate) struct Line {
    by: Vec<Ident>,
    /// The method of the trait and the type that it gives.
    method: TokenStream,
    of_type: TokenStream,
    /// Builder calls behind the key.
    calls: Vec<TokenStream>,
}

impl Line {
    /// `lane(by = [field, …], when_dead = "block", supersedes = ["kind", …], refused_by = ["kind", …])`.
    pub(crate) fn lane(meta: &ParseNestedMeta<'_>) -> Result<Self> {
        let into = (quote!(lane), quote!(Lane));
        let expected = "expected by = [field, …], when_dead, supersedes or refused_by";
        Self::read(meta, into, expected, |key, meta| {
            match key {
                "when_dead" if word(meta, &["skip", "block"])? == "block" => {
                    return Ok(Some(vec![quote!(.block_when_dead())]));
                }
                "when_dead" => return Ok(Some(Vec::new())),
                "supersedes" | "refused_by" => {}
                _ => return Ok(None),
            }
            let method = Ident::new(key, proc_macro2::Span::call_site());
            Ok(Some(kinds(meta)?.iter().map(|kind| quote!(.#method(#kind))).collect()))
        })
    }

    /// `fair(by = [field, …], weight = 3)`.
    pub(crate) fn fair(meta: &ParseNestedMeta<'_>) -> Result<Self> {
        let into = (quote!(fair), quote!(Fair));
        Self::read(meta, into, "expected by = [field, …] or weight", |key, meta| match key {
            "weight" => number(meta).map(|jobs| Some(vec![quote!(.weight(#jobs))])),
            _ => Ok(None),
        })
    }

    /// `limit(by = [field, …], running = 4, name = "crm")`.
    pub(crate) fn limit(meta: &ParseNestedMeta<'_>) -> Result<Self> {
        let into = (quote!(limited), quote!(Limited));
        Self::read(meta, into, "expected by = [field, …], running or name", |key, meta| match key
        {
            "running" => number(meta).map(|jobs| Some(vec![quote!(.running(#jobs))])),
            "name" => name(meta).map(|name| Some(vec![quote!(.named(#name))])),
            _ => Ok(None),
        })
    }

    /// Whether it leaves no room for the other of `lane` and `fair`.
    pub(crate) fn excludes(&self, key: &str) -> bool {
        let own = self.method.to_string();
        own != key && own != "limited"
    }

    /// The method of the trait.
    pub(crate) fn expand(&self) -> TokenStream {
        let Self { by, method, of_type, calls } = self;
        let names = by.iter().map(ToString::to_string);
        quote! {
            fn #method(&self) -> ::core::result::Result<::core::option::Option<::windlass::#of_type>, ::windlass::json::JsonError> {
                let fields = [#((#names, ::windlass::Json::args_of(&self.#by))),*];
                ::core::result::Result::Ok(::core::option::Option::Some(
                    ::windlass::#of_type::by_fields(&fields)? #(#calls)*
                ))
            }
        }
    }

    fn read(
        meta: &ParseNestedMeta<'_>,
        (method, of_type): (TokenStream, TokenStream),
        expected: &str,
        other: impl Fn(&str, &ParseNestedMeta<'_>) -> Result<Option<Vec<TokenStream>>>,
    ) -> Result<Self> {
        let (mut by, mut calls) = (Vec::new(), Vec::new());
        meta.parse_nested_meta(|meta| {
            let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            if key == "by" {
                by = fields(&meta)?;
                return Ok(());
            }
            calls.extend(other(&key, &meta)?.ok_or_else(|| meta.error(expected))?);
            Ok(())
        })?;
        if by.is_empty() {
            return Err(meta.error("a key is made of fields: by = [field, …]"));
        }
        Ok(Self { by, calls, method, of_type })
    }
}

/// `[field, …]`
pub(crate) fn fields(meta: &ParseNestedMeta<'_>) -> Result<Vec<Ident>> {
    let fields;
    let list = meta.value()?;
    syn::bracketed!(fields in list);
    Ok(fields.parse_terminated(Ident::parse_any, Token![,])?.into_iter().collect())
}

/// `["kind", …]`
fn kinds(meta: &ParseNestedMeta<'_>) -> Result<Vec<LitStr>> {
    let kinds;
    let list = meta.value()?;
    syn::bracketed!(kinds in list);
    Ok(kinds.parse_terminated(|input| input.parse::<LitStr>(), Token![,])?.into_iter().collect())
}

fn number(meta: &ParseNestedMeta<'_>) -> Result<LitInt> {
    let literal: LitInt = meta.value()?.parse()?;
    if literal.base10_parse::<u32>()? == 0 {
        return Err(syn::Error::new(literal.span(), "a number from 1 on"));
    }
    Ok(literal)
}
