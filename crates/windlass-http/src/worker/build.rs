//! Minimum builds: the oldest of each program that takes new work.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use windlass::edit::{Edit, Edition};
use windlass::worker::MinimumBuild;

use super::document::{
    RequiredBuildBody, RequiredBuildRemovedBody, required_build, required_build_removed,
};
use crate::access::{May, Operate, Read};
use crate::answer::{Document, Items, ok};
use crate::api::Api;
use crate::conditional::{Expects, of_edition, unless_stale};
use crate::ending::note;
use crate::extract::{Body, Named};
use crate::name::Text;
use crate::page;
use crate::problem::Problem;

/// The oldest version that is to take new work.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMinimum {
    /// Numbers with dots between them, such as `2.14.0`.
    #[schema(max_length = 128)]
    minimum: String,
    /// Why, and by whom; it is shown wherever it holds a worker back. At most 1,024 bytes.
    #[schema(max_length = 1024)]
    note: Option<String>,
}

/// List minimum builds
///
/// The oldest build of each program that takes new work, by program and all on one page.
#[utoipa::path(
    get,
    path = "/builds",
    tag = "builds",
    responses((status = 200, description = "The minimum builds.", body = Items<Document<RequiredBuildBody>>))
)]
pub(super) async fn list(_may: May<Read>, State(api): State<Api>) -> Result<Response, Problem> {
    let required = api.client().required_builds().await?;
    let workers = api.client().workers().await?;
    Ok(page::whole(required.iter().map(|one| required_build(one, &workers)).collect()))
}

/// Show a minimum build
///
/// Where none is required of the program, it is not found.
#[utoipa::path(
    get,
    path = "/builds/{program}",
    tag = "builds",
    params(("program" = String, Path, description = "The program's name.", max_length = 128)),
    responses((status = 200, description = "What is required.", body = Document<RequiredBuildBody>))
)]
pub(super) async fn show(
    _may: May<Read>,
    State(api): State<Api>,
    Named(program): Named<Text>,
) -> Result<Response, Problem> {
    now(&api, &program).await
}

/// What is required of a program now.
async fn now(api: &Api, program: &str) -> Result<Response, Problem> {
    let required = api.client().required_builds().await?;
    let set = required.iter().find(|one| one.minimum.program == program);
    let set = set.ok_or_else(|| none(program))?;
    let shown = ok(&required_build(set, &api.client().workers().await?));
    Ok(of_edition(shown, &Edition::of_build(set)))
}

/// Require a build
///
/// Workers of the program that are older take no new work; what they run goes on. Once more, the new version stands in place
/// of the one before.
#[utoipa::path(
    put,
    path = "/builds/{program}",
    tag = "builds",
    params(("program" = String, Path, description = "The program's name.", max_length = 128)),
    request_body = NewMinimum,
    responses((status = 200, description = "What is required now.", body = Document<RequiredBuildBody>))
)]
pub(super) async fn require(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(program): Named<Text>,
    Expects(expected): Expects,
    Body(body): Body<NewMinimum>,
) -> Result<Response, Problem> {
    let note = note("/note", body.note)?;
    if body.minimum.contains(char::is_whitespace) {
        return Err(Problem::body("/minimum".to_owned(), "expected a version, such as 2.14.0"));
    }
    let minimum = MinimumBuild::new(&format!("{} {}", &*program, body.minimum))
        .map_err(|error| Problem::body("/minimum".to_owned(), error.to_string()))?;
    let minimum = MinimumBuild { note, ..minimum };
    let program = minimum.program.clone();
    let edited = api.client().edit(&Edit::RequireBuild(minimum), &expected).await?;
    unless_stale(edited, described(&program))?;
    now(&api, &program).await
}

/// Allow all builds
///
/// Workers of the program take new work whatever their build. Where none is required, as at a second call, it is not found.
#[utoipa::path(
    delete,
    path = "/builds/{program}",
    tag = "builds",
    params(("program" = String, Path, description = "The program's name.", max_length = 128)),
    responses((status = 200, description = "No build is required.", body = Document<RequiredBuildRemovedBody>))
)]
pub(super) async fn allow(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(program): Named<Text>,
    Expects(expected): Expects,
) -> Result<Response, Problem> {
    let edit = Edit::AllowBuilds(program.trim().to_owned());
    let was_required =
        unless_stale(api.client().edit(&edit, &expected).await?, described(&program))?;
    if was_required { Ok(ok(&required_build_removed(&program))) } else { Err(none(&program)) }
}

fn none(program: &str) -> Problem {
    Problem::missing(described(program))
}

fn described(program: &str) -> String {
    format!("a minimum build of {}", program.escape_debug())
}
