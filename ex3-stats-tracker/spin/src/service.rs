//! The service: turns a request into a response.

use ex2_parser::stream::PackageParser;

use crate::answer::{Answer, Health, Measurement};
use crate::fetch::{Body, Content, Fetch, Interruption};
use crate::github::{GitHub, Reading, rate_limit_problem};
use crate::page::{self, PAGE_MAX_BYTES};
use crate::problem::{Kind, Problem};
use crate::route::Route;

/// The response header of a list with the kind of the account, for the hint `owner` of later requests.
pub const OWNER_KIND: &str = "owner-kind";

/// The most bytes of an unused request body that are read and discarded before the response. Without that, a host may
/// close the connection while the client is still writing, and the client sees a broken connection instead of the
/// response.
pub const DISCARD_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// A request to the service.
#[derive(Clone, Debug)]
pub struct Request<'a, B> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The percent-encoded path, with or without a query.
    pub target: &'a str,
    /// The headers that describe the body.
    pub content: Content,
    /// The body. It is parsed only by an endpoint that needs one.
    pub body: B,
}

/// Responds to one request. `github` is called at most once, and only by an endpoint that fetches. Its error is a sentence
/// with the setting that the operator has to change.
pub async fn respond<F: Fetch>(
    mut request: Request<'_, impl Body>,
    github: impl FnOnce() -> Result<GitHub<F>, String>,
) -> Answer {
    let answer = answer(&mut request, github).await;
    discard(&mut request.body).await;
    answer.unwrap_or_else(Answer::from)
}

/// Reads and discards the rest of a body, up to [`DISCARD_MAX_BYTES`]. Errors are ignored: they cannot change the response.
async fn discard(body: &mut impl Body) {
    let mut discarded = 0;
    while let Ok(Some(chunk)) = body.chunk().await {
        discarded += chunk.len() as u64;
        if discarded > DISCARD_MAX_BYTES {
            return;
        }
    }
}

async fn answer<F: Fetch>(
    request: &mut Request<'_, impl Body>,
    github: impl FnOnce() -> Result<GitHub<F>, String>,
) -> Result<Answer, Problem> {
    let github = || github().map_err(|error| Problem::new(Kind::Unreachable, error));
    match Route::find(request.method, request.target)? {
        Route::Packages(owner) => {
            let (packages, kind) = github()?.packages(&owner).await?;
            Ok(Answer::ok(&packages).header(OWNER_KIND, kind.as_str()))
        }
        Route::Package(owner, name, hints) => {
            let Reading { value, at } = github()?.package(&owner, &name, &hints).await?;
            Ok(Answer::ok(&Measurement::new(&name, &value, at)))
        }
        Route::Versions(owner, name, hints) => Ok(Answer::ok(&github()?.versions(&owner, &name, &hints).await?)),
        Route::Extract => extract(request).await,
        Route::Health => Ok(Answer::ok(&Health { status: "ok" })),
    }
}

/// Reads the package page in a POST request.
async fn extract(request: &mut Request<'_, impl Body>) -> Result<Answer, Problem> {
    let package = page::read(&mut request.body, &request.content, PackageParser::new())
        .await
        .map_err(|error| match error {
            page::Error::Interrupted(interruption @ Interruption::TimedOut(_)) => {
                Problem::new(Kind::TimedOut, interruption.to_string()).status(408)
            }
            page::Error::Interrupted(interruption @ Interruption::Failed(_)) => Problem::new(
                Kind::BadRequest,
                format!("the body did not arrive whole: {interruption}"),
            ),
            page::Error::TooLarge => {
                Problem::new(Kind::TooLarge, format!("the body has more than {PAGE_MAX_BYTES} bytes")).status(413)
            }
            page::Error::UnknownEncoding(encoding) => Problem::new(
                Kind::BadRequest,
                format!("the body is compressed with {encoding}; gzip is understood"),
            ),
            page::Error::CorruptGzip => {
                Problem::new(Kind::BadRequest, "the body is cut off or damaged: it is not valid gzip")
            }
            page::Error::WrongLength { announced, received } => Problem::new(
                Kind::BadRequest,
                format!("the body is cut off: {received} bytes came of {announced}"),
            ),
            page::Error::Parser(error @ ex2_parser::Error::TooLarge) => {
                Problem::new(Kind::TooLarge, format!("the posted body: {error}")).status(413)
            }
            page::Error::Parser(ex2_parser::Error::RateLimited) => rate_limit_problem(None),
            page::Error::Parser(error @ ex2_parser::Error::MarkupChanged { .. }) => {
                Problem::new(Kind::MarkupChanged, error.to_string())
            }
            page::Error::Parser(error) => Problem::new(Kind::BadRequest, format!("the posted body: {error}")),
        })?;
    Ok(Answer::ok(&package))
}
