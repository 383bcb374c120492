//! Test pages that look like GitHub's, generated.
