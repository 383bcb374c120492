//! The images as those see them who pull and run them: read by skopeo, unpacked by umoci, and searched for what should
//! not be in them. `charts/cluster/tests/containers` runs them as the chart does.

#[allow(dead_code, reason = "the tests of the chart use the rest")]
mod built;
mod component;
mod contents;
mod layouts;
