//! The images as those see them who pull and run them: read by skopeo, unpacked by umoci, searched for what should not
//! be in them, and run as the chart runs them.

mod built;
mod chart;
mod component;
mod contents;
mod layouts;
mod network;
mod pod;
