//! What registries, the chart and containers know the images by.

/// The tag of the images: the workspace's version, which is the chart's appVersion.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The suffix of the tag of the image for a RuntimeClass.
pub const RUNTIME_CLASS: &str = "-runtime-class";

/// The user id of every process in these images.
pub const USER: u32 = 65532;

/// The images' names in a registry, and those of their layouts' directories.
pub(crate) const COMPONENT: &str = "stats-tracker-component";
pub(crate) const SPIN: &str = "stats-tracker-spin";
pub(crate) const RAILS: &str = "stats-tracker-rails";
/// The name of the chart's layout. In a registry a chart has the name in its `Chart.yaml`.
pub(crate) const CHART: &str = "stats-tracker-chart";
