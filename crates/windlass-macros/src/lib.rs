//! `#[derive(Job)]` and `#[derive(Event)]`: write the constants of `windlass::Job` from `#[job(…)]`, and those of
//! `windlass::event::EventType` from `#[event(…)]`. They save typing; the traits are the truth and can be implemented by hand.

mod attributes;
mod event;
mod line;

use proc_macro::TokenStream;
use quote::quote;
use syn::{DeriveInput, Ident, parse_macro_input};

use crate::attributes::{Attributes, Unique};

/// Makes a struct a job.
///
/// | key | meaning |
/// |---|---|
/// | `kind = "mail.welcome"` | required: what is stored and what handlers are found by |
/// | `queue = "mail"` | where such jobs wait; `default` otherwise |
/// | `priority = 5` | smaller runs first; 0 otherwise |
/// | `max_attempts = 8` | failures after which it is dead; 0 never gives up; 25 otherwise |
/// | `max_losses = 10` | worker deaths after which it is dead; 0 sets no limit; 3 otherwise |
/// | `unique(by = [user_id], until = "started")` | one such job for each value of the fields, until it is `started` or `finished` (otherwise `finished`), or `for = "1h"`; `on_conflict` is `keep`, `replace` or `reject` (otherwise `keep`) |
/// | `tags = ["billing"]` | words that such jobs are found by |
/// | `subjects(customer = customer_id)` | what such a job is about, and is found by: a type, and the field with the id; an empty `Option` is none |
/// | `redact = [card, "address.street"]` | fields that are not shown, and paths of what is inside of them; handlers get them |
/// | `lane(by = [server])` | one at a time with all jobs of the same lane, in the order they were enqueued; `when_dead = "block"` stops the lane behind a dead job, `supersedes = ["kind"]` cancels waiting ones of a kind, `refused_by = ["kind"]` refuses this one while one of that kind is there |
/// | `fair(by = [tenant])` | the keys of the queue have turns; `weight = 3` jobs in each |
/// | `limit(by = [account], running = 4)` | so many of a key run at once; `name = "crm"` shares the limit with other kinds |
/// | `cost = 5` | what it takes of the rates that concern it; 1 otherwise |
/// | `isolate = "process"` | each attempt has a process of its own, so that a crash takes nothing else with it; Unix only |
/// | `expected = "60s"` | how long a handler is expected to run: `windlass doctor` tells of jobs that take half as long again |
/// | `timeout = "30s"` | how long a handler may run; 15 minutes otherwise |
/// | `expires = "10m"` | how long after it is due it may start; it is cancelled then and never runs; for ever otherwise |
/// | `version = 2` | the shape of the payload; 1 otherwise |
/// | `upgrade = path` | `fn(u16, &Json) -> Result<Self, JobError>` for args of older versions |
/// | `retry = path` | `fn() -> RetryPolicy` |
#[proc_macro_derive(Job, attributes(job))]
pub fn derive_job(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let of_no_kind = (quote!(::windlass::Job), quote!(KIND));
    expand(&input).unwrap_or_else(|error| mistaken(&input, of_no_kind, &error)).into()
}

/// Makes a struct or an enum an event.
///
/// | key | meaning |
/// |---|---|
/// | `type = "order.paid"` | required: what has happened, and what subscriptions choose by |
/// | `source = "/shop"` | where such events come from, as a URI reference; `/` otherwise |
/// | `subject = "order/{order}"` | what it has happened to, made of fields, or a field alone: `subject = order`; none where a field is an empty `Option` |
/// | `about(customer = customer_id)` | what it is about, and is found by, as the jobs that come of it are: a type, and the field with the id; an empty `Option` is none |
/// | `redact = [iban, "card.number"]` | fields that are not shown, and paths of what is inside of them; subscribers get them |
/// | `version = 2` | the shape of the data; 1 otherwise |
/// | `upgrade = path` | `fn(u16, &Json) -> Result<Self, Box<dyn Error + Send + Sync>>` for data of older versions |
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let of_no_type = (quote!(::windlass::event::EventType), quote!(TYPE));
    event::expand(&input).unwrap_or_else(|error| mistaken(&input, of_no_type, &error)).into()
}

/// The error, and a job of no kind, or an event of no type: without it every use of the struct as one would be an error of its
/// own, before this one.
fn mistaken(
    input: &DeriveInput,
    (of_trait, constant): (proc_macro2::TokenStream, proc_macro2::TokenStream),
    error: &syn::Error,
) -> proc_macro2::TokenStream {
    let (error, name) = (error.to_compile_error(), &input.ident);
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    quote! {
        #error
        impl #impl_generics #of_trait for #name #type_generics #where_clause {
            const #constant: &'static str = "mistaken";
        }
    }
}

fn expand(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let attributes = Attributes::of(input)?;
    let name = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let kind = &attributes.kind;
    let queue = attributes.queue.map(|queue| quote!(const QUEUE: &'static str = #queue;));
    let priority = attributes.priority.map(|priority| quote!(const PRIORITY: i16 = #priority;));
    let version = attributes.version.map(|version| quote!(const VERSION: u16 = #version;));
    let attempts = attributes.max_attempts.map(
        |limit| quote!(const MAX_ATTEMPTS: ::core::option::Option<u16> = ::core::option::Option::Some(#limit);),
    );
    let losses = attributes.max_losses.map(
        |limit| quote!(const MAX_LOSSES: ::core::option::Option<u16> = ::core::option::Option::Some(#limit);),
    );
    let timeout = attributes.timeout_ms.map(|ms| {
        quote!(const TIMEOUT: ::core::option::Option<::core::time::Duration> =
            ::core::option::Option::Some(::core::time::Duration::from_millis(#ms));)
    });
    let isolation = attributes.isolate.then(|| {
        quote!(
            const ISOLATION: ::windlass::Isolation = ::windlass::Isolation::Process;
        )
    });
    let expected = attributes.expected_ms.map(|ms| {
        quote!(const EXPECTED: ::core::option::Option<::core::time::Duration> =
            ::core::option::Option::Some(::core::time::Duration::from_millis(#ms));)
    });
    let expires = attributes.expires_ms.map(|ms| {
        quote!(const EXPIRES: ::core::option::Option<::core::time::Duration> =
            ::core::option::Option::Some(::core::time::Duration::from_millis(#ms));)
    });
    let upgrade = attributes.upgrade.map(|path| {
        quote! {
            fn upgrade() -> ::core::option::Option<fn(u16, &::windlass::Json) -> ::core::result::Result<Self, ::windlass::JobError>> {
                ::core::option::Option::Some(#path)
            }
        }
    });
    let retry = attributes
        .retry
        .map(|path| quote!(fn retry_policy() -> ::windlass::RetryPolicy { #path() }));
    let unique = attributes.unique.map(|unique| unique_key(&unique));
    let tags = &attributes.tags;
    let tags =
        (!tags.is_empty()).then(|| quote!(const TAGS: &'static [&'static str] = &[#(#tags),*];));
    let subjects = (!attributes.subjects.is_empty())
        .then(|| subjects(&quote!(subjects), &attributes.subjects));
    let redact = redact(&attributes.redact);
    let lines = attributes.lines.iter().map(line::Line::expand);
    let cost = attributes.cost.map(
        |tokens| quote!(const COST: ::core::option::Option<u16> = ::core::option::Option::Some(#tokens);),
    );
    Ok(quote! {
        impl #impl_generics ::windlass::Job for #name #type_generics #where_clause {
            const KIND: &'static str = #kind;
            #queue #priority #version #attempts #losses #timeout #isolation #expected #expires #upgrade #retry #unique #tags #subjects #redact
            #cost #(#lines)*
        }
    })
}

/// The constant that names what is not shown.
fn redact(paths: &[String]) -> Option<proc_macro2::TokenStream> {
    (!paths.is_empty()).then(|| quote!(const REDACT: &'static [&'static str] = &[#(#paths),*];))
}

/// The method of this name that gives what fields name.
fn subjects(
    method: &proc_macro2::TokenStream,
    subjects: &[(String, Ident)],
) -> proc_macro2::TokenStream {
    let kinds = subjects.iter().map(|(kind, _)| kind);
    let fields = subjects.iter().map(|(_, field)| field);
    quote! {
        fn #method(&self) -> ::core::result::Result<::std::vec::Vec<::windlass::Subject>, ::windlass::json::JsonError> {
            let subjects = [#(::windlass::Subject::of_field(#kinds, ::windlass::Json::args_of(&self.#fields))?),*];
            ::core::result::Result::Ok(subjects.into_iter().flatten().collect())
        }
    }
}

fn unique_key(unique: &Unique) -> proc_macro2::TokenStream {
    let fields = &unique.by;
    let names = fields.iter().map(ToString::to_string);
    let until = match (unique.for_ms, unique.until_started) {
        (Some(ms), _) => quote!(.within(::core::time::Duration::from_millis(#ms))),
        (None, true) => quote!(.until_started()),
        (None, false) => quote!(.until_finished()),
    };
    let on_conflict = unique.on_conflict.as_ref().map(|word| quote!(.#word()));
    quote! {
        fn unique(&self) -> ::core::result::Result<::core::option::Option<::windlass::Unique>, ::windlass::json::JsonError> {
            let fields = [#((#names, ::windlass::Json::args_of(&self.#fields))),*];
            ::core::result::Result::Ok(::core::option::Option::Some(
                ::windlass::Unique::by_fields(&fields)? #until #on_conflict
            ))
        }
    }
}
