//! Pages without a count: not found, rate limits, server errors, the login form.

use crate::pages::filler::NOTICE;

/// The text on a rate limit's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateLimit {
    /// "an abuse detection mechanism"
    AbuseDetection,
    /// "a secondary rate limit"
    Secondary,
}

/// The page for a private or missing package, organisation or user.
pub fn not_found() -> String {
    page(
        "Page not found · GitHub",
        r#"    <main>
      <h1>404</h1>
      <p>This is not the web page you are looking for.</p>
      <form action="/search" method="get"><label for="q">Find code, projects, and people:</label><input type="text" name="q" id="q"></form>
    </main>"#,
    )
}

/// The page of a rate limit; its status is 429 or 403.
pub fn rate_limit(wording: RateLimit) -> String {
    let cause = match wording {
        RateLimit::AbuseDetection => "You have triggered an abuse detection mechanism.",
        RateLimit::Secondary => "You have exceeded a secondary rate limit.",
    };
    page(
        "Rate limit &middot; GitHub",
        &format!(
            r#"    <div class="c">
      <h1>Whoa there!</h1>
      <p>{cause}<br><br>
        Please wait a few minutes before you try again;<br>
        in some cases this may take up to an hour.
      </p>
    </div>"#
        ),
    )
}

/// The login form.
pub fn login() -> String {
    page(
        "Sign in to GitHub · GitHub",
        r#"    <main>
      <h1>Sign in to GitHub</h1>
      <form action="/session" method="post">
        <label for="login_field">Username or email address</label><input type="text" name="login" id="login_field">
        <label for="password">Password</label><input type="password" name="password" id="password">
        <input type="submit" value="Sign in">
      </form>
    </main>"#,
    )
}

/// The page of a server error, with its status: `500`, `502`, `503`, …
pub fn server_error(status: u16) -> String {
    page(
        "Unicorn! · GitHub",
        &format!("    <h1>{status}</h1>\n    <p>No server is currently available to service your request.</p>"),
    )
}

fn page(title: &str, body: &str) -> String {
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
  <!-- {NOTICE} -->
  <head>
    <meta charset="utf-8">
    <meta content="origin" name="referrer">
    <title>{title}</title>
    <meta name="viewport" content="width=device-width">
  </head>
  <body>
{body}
  </body>
</html>
"#
    )
}
