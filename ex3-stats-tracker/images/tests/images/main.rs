//! Tests of the built images: skopeo reads them, umoci unpacks them, and their files are checked.
//! `charts/cluster/tests/containers` runs them as the chart does.

#[allow(dead_code, reason = "the tests of the chart use the rest")]
mod built;
mod component;
mod contents;
mod layouts;
