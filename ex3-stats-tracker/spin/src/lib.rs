//! The Spin component: fetches GitHub's pages, extracts their counts, stores nothing.
